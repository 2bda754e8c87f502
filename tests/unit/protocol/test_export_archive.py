"""The zip around an export."""

import io
import struct
import zipfile

import pytest

from proximity.errors import (
    FormatError,
    NotCanonicalError,
    TooLargeError,
    TruncatedError,
    UnsupportedVersionError,
)
from proximity.protocol.export_archive import (
    BODY_NAME,
    SIGNATURE_NAME,
    read_entries,
    unpack,
    write_archive,
)

CONTENT = ((BODY_NAME, b"body " * 100), (SIGNATURE_NAME, b"signature"))
# Offsets of fields, from the start of their record (APPNOTE 4.3.7, 4.3.12, 4.3.16).
LOCAL_FLAGS, CENTRAL_FLAGS = 6, 8
CENTRAL_METHOD, CENTRAL_CRC, CENTRAL_SIZE = 10, 16, 24
END_COUNTS, END_DIRECTORY_SIZE = 8, 12


def zipped(*content: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in content:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def unpacked(data: bytes, max_bytes: int = 10_000) -> dict[str, bytes]:
    stream = io.BytesIO(data)
    entries = read_entries(stream, len(data))
    return {
        name: b"".join(unpack(stream, entry, max_bytes))
        for name, entry in entries.items()
    }


def patched(data: bytes, mark: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the first record that begins with `mark`."""
    at = data.index(mark) + offset
    return data[:at] + value + data[at + len(value) :]


CENTRAL, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"
GOOD = zipped(*CONTENT)


def test_both_entries_are_found_and_inflate():
    assert unpacked(GOOD) == dict(CONTENT)


def test_stored_entries_are_read_too():
    assert unpacked(zipped(*CONTENT, method=zipfile.ZIP_STORED)) == dict(CONTENT)


def test_the_order_of_the_entries_does_not_matter():
    assert unpacked(zipped(*reversed(CONTENT))) == dict(CONTENT)


def test_what_was_written_is_read_again():
    stream = io.BytesIO()
    write_archive(stream, [(name, [data[:3], data[3:]]) for name, data in CONTENT])

    assert unpacked(stream.getvalue()) == dict(CONTENT)


def test_the_same_content_gives_the_same_bytes():
    streams = io.BytesIO(), io.BytesIO()
    for stream in streams:
        write_archive(stream, [(name, [data]) for name, data in CONTENT])

    assert streams[0].getvalue() == streams[1].getvalue()


def test_entries_with_data_descriptors_are_read():
    class Unseekable(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    stream = Unseekable()
    write_archive(stream, [(name, [data]) for name, data in CONTENT])
    data = stream.getvalue()

    assert b"PK\x07\x08" in data
    assert unpacked(data) == dict(CONTENT)
    with pytest.raises(NotCanonicalError, match="contradict"):
        unpacked(patched(data, b"PK\x07\x08", 4, b"\xff"))


@pytest.mark.parametrize(
    "content",
    [
        CONTENT[:1],
        CONTENT[1:],
        (*CONTENT, ("content.sig", b"")),
        (CONTENT[0], ("export.SIG", b"")),
        (CONTENT[0], ("../export.sig", b"")),
        (CONTENT[0], ("a/", b"")),
        (),
    ],
    ids=["no signature", "no body", "third", "other name", "..", "folder", "empty"],
)
def test_other_entries_are_refused(content):
    with pytest.raises(NotCanonicalError, match="zip"):
        unpacked(zipped(*content))


def test_a_duplicate_entry_is_refused():
    data = GOOD.replace(b"export.sig", b"export.bin")

    with pytest.raises(NotCanonicalError, match="exactly"):
        unpacked(data)


def test_a_header_that_names_another_entry_than_the_directory_is_refused():
    data = patched(GOOD, LOCAL, 30, b"export.exe")

    with pytest.raises(NotCanonicalError, match="contradict"):
        unpacked(data)


def test_an_encrypted_entry_is_refused():
    with pytest.raises(UnsupportedVersionError, match="encrypted"):
        unpacked(patched(GOOD, CENTRAL, CENTRAL_FLAGS, b"\x01"))


def test_an_entry_encrypted_by_its_own_header_is_refused():
    with pytest.raises(NotCanonicalError, match="contradict"):
        unpacked(patched(GOOD, LOCAL, LOCAL_FLAGS, b"\x01"))


def test_other_compression_is_refused_by_name():
    with pytest.raises(UnsupportedVersionError, match="method 12"):
        unpacked(zipped(*CONTENT, method=zipfile.ZIP_BZIP2))


def test_a_huge_directory_is_refused_by_its_count():
    data = patched(GOOD, END, END_COUNTS, struct.pack("<2H", 65_535, 65_535))

    with pytest.raises(NotCanonicalError, match="65535 entries"):
        unpacked(data)


def test_a_directory_of_the_wrong_length_is_refused():
    data = patched(GOOD, END, END_DIRECTORY_SIZE, struct.pack("<L", 1 << 31))

    with pytest.raises(NotCanonicalError, match="directory"):
        unpacked(data)


@pytest.mark.parametrize("data", [b"", b"PK", b"\0" * 22, b"\0" * 100])
def test_what_is_no_zip_is_refused(data):
    with pytest.raises(TruncatedError):
        unpacked(data)


def test_bytes_before_the_first_entry_are_refused():
    with pytest.raises(NotCanonicalError):
        unpacked(b"MZ" + GOOD)


def test_bytes_after_the_end_are_refused():
    with pytest.raises(FormatError):
        unpacked(GOOD + b"\0")


def test_a_comment_is_refused():
    with pytest.raises(NotCanonicalError, match="comment"):
        unpacked(patched(GOOD, END, 20, b"\1\0"))


def test_no_strict_prefix_is_a_zip():
    for length in range(len(GOOD)):
        with pytest.raises(FormatError):
            unpacked(GOOD[:length])


def test_an_entry_that_states_more_than_the_bound_is_not_inflated():
    with pytest.raises(TooLargeError, match="inflates to 500 bytes"):
        unpacked(GOOD, max_bytes=499)


def test_an_entry_that_inflates_to_more_than_it_states_is_stopped():
    bomb = zipped((BODY_NAME, bytes(1 << 18)), CONTENT[1])
    lie = struct.pack("<L", 100)
    bomb = patched(patched(bomb, LOCAL, 22, lie), CENTRAL, CENTRAL_SIZE, lie)
    stream = io.BytesIO(bomb)
    entry = read_entries(stream, len(bomb))[BODY_NAME]

    with pytest.raises(NotCanonicalError, match="larger than it states"):
        list(unpack(stream, entry, 10_000))


def test_an_entry_that_inflates_to_less_than_it_states_is_refused():
    more = struct.pack("<L", 501)
    data = patched(patched(GOOD, LOCAL, 22, more), CENTRAL, CENTRAL_SIZE, more)

    with pytest.raises(FormatError, match="damaged"):
        unpacked(data)


def test_a_wrong_checksum_is_refused():
    data = patched(patched(GOOD, LOCAL, 14, b"\0"), CENTRAL, CENTRAL_CRC, b"\0")

    with pytest.raises(FormatError, match="damaged"):
        unpacked(data)


def test_what_does_not_inflate_is_refused():
    data_at = 30 + len(BODY_NAME)

    with pytest.raises(FormatError, match="does not inflate"):
        unpacked(GOOD[:data_at] + b"\xff" + GOOD[data_at + 1 :])


def test_stored_bytes_that_claim_to_be_deflated_are_refused():
    stored = zipped((BODY_NAME, b"\x01\x00\x00\xff\xff" * 2), CONTENT[1], method=0)
    data = patched(patched(stored, LOCAL, 8, b"\x08"), CENTRAL, CENTRAL_METHOD, b"\x08")

    with pytest.raises(FormatError, match="after its end"):
        unpacked(data)
