"""Opening, verifying and reading signed exports."""

import hashlib
import io
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.errors import (
    BadSignatureError,
    FormatError,
    NotCanonicalError,
    ProximityError,
    TooLargeError,
    TruncatedError,
    UnknownSignerError,
    UnsupportedVersionError,
)
from proximity.protocol import export as export_module
from proximity.protocol import export_body
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import MAGIC, open_export, open_unsigned
from proximity.protocol.export_columns import empty_keys
from proximity.protocol.export_message import (
    ExportHeader,
    ExportSignature,
    SignatureInfo,
    encode_header,
    encode_signatures,
)
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.signature import Signer, VerificationKey, sign_digest

PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "452", "v1")
TRUSTED = [VerificationKey(PRIVATE_KEY.public_key(), "452", "v1")]
RECORD = b"\x3a\x12\x0a\x10" + bytes(16)
REVISED = b"\x42" + RECORD[1:]


def some_keys(count: int, first: int = 0) -> DiagnosisKeys:
    keys = empty_keys(count)
    keys.key[:, 0] = np.arange(first, first + count)
    keys.period[:] = 144
    keys.start_interval[:] = 2_650_000 + np.arange(count)
    return keys


CONTENT = ExportContent(
    "VN", 1_600_000_000, 1_600_003_600, some_keys(3), some_keys(2, 9)
)
FILE = export_bytes(CONTENT, [SIGNER])


def opened(data: bytes, **options):
    return open_export(io.BytesIO(data), **options)


def verified(data: bytes):
    return opened(data).verify(TRUSTED)


def archive(
    body: bytes, signatures: bytes, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        file.writestr("export.bin", body)
        file.writestr("export.sig", signatures)
    return stream.getvalue()


def signed(body: bytes, *, method: int = zipfile.ZIP_DEFLATED, **changes) -> bytes:
    """Sign any bytes as an export, with changes to the one signature."""
    digest = hashlib.sha256(body).digest()
    entry = ExportSignature(SIGNER.info, 1, 1, sign_digest(SIGNER, digest))
    signatures = encode_signatures([replace(entry, **changes)])
    return archive(body, signatures, method)


def body_of(*fields: bytes, **header) -> bytes:
    values = {
        "region": "VN",
        "start_s": 1,
        "end_s": 2,
        "signature_infos": [SIGNER.info],
    }
    return (
        MAGIC + encode_header(ExportHeader(**{**values, **header})) + b"".join(fields)
    )


def test_a_verified_export_gives_its_header_and_keys():
    export = verified(FILE)

    assert (export.region, export.start_s, export.end_s) == (
        "VN",
        1_600_000_000,
        1_600_003_600,
    )
    assert (export.batch_num, export.batch_size) == (1, 1)
    assert (export.key_count, export.revised_count) == (3, 2)
    assert export.verified
    assert export.signer == SIGNER.info
    keys, revised = export.read()
    assert keys.start_interval.tolist() == [2_650_000, 2_650_001, 2_650_002]
    assert revised.key[:, 0].tolist() == [9, 10]


def test_a_path_is_read_like_a_stream(tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(FILE)

    assert open_export(path).verify(TRUSTED).digest == verified(FILE).digest


def test_what_changes_in_the_file_afterwards_changes_nothing(tmp_path):
    path = tmp_path / "export.zip"
    path.write_bytes(FILE)
    waiting = open_export(path)
    path.write_bytes(b"something else")

    assert len(waiting.verify(TRUSTED).read().keys.key) == 3


def test_keys_come_in_blocks_with_their_place_in_the_file(monkeypatch):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 64)
    body = body_of(RECORD * 3, REVISED, RECORD * 2, REVISED * 4)

    blocks = list(verified(signed(body)).key_blocks())

    for revised, count in ((False, 5), (True, 5)):
        places = [
            block.first_index + i
            for block in blocks
            if block.revised == revised
            for i in range(len(block.keys.key))
        ]
        assert places == list(range(count))
    assert len(blocks) > 2


@pytest.mark.parametrize(
    "records", [RECORD * 3 + REVISED * 2 + RECORD, RECORD, REVISED * 2, b""]
)
def test_revised_keys_can_be_read_before_the_others(monkeypatch, records):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 50)
    export = verified(signed(body_of(records)))

    blocks = list(export.blocks_revised_first())

    order = [block.revised for block in blocks for _ in block.keys.key]
    counts = export.revised_count, export.key_count
    assert order == [True] * counts[0] + [False] * counts[1]


@pytest.mark.parametrize("records", [RECORD, REVISED, b""])
def test_a_changed_copy_gives_no_keys_in_turn_either(records):
    export = verified(signed(body_of(records)))
    export._body.copy.file.seek(-2, io.SEEK_END)
    export._body.copy.file.write(b"\x7f")

    with pytest.raises((BadSignatureError, FormatError)):
        list(export.blocks_revised_first())


def test_a_header_that_was_not_verified_is_noticed_by_whoever_reads_keys(monkeypatch):
    waiting = opened(signed(body_of(RECORD), method=zipfile.ZIP_STORED))
    file = waiting._archive.file
    verify = export_module.verify_digest

    def overwrite(old: bytes, new: bytes) -> None:
        file.seek(0)
        at = file.read().index(old)
        file.seek(at)
        file.write(new)

    def verify_then_change(*arguments):
        entry = verify(*arguments)
        overwrite(b"\x1a\x02VN", b"\x1a\x02AU")
        return entry

    monkeypatch.setattr(export_module, "verify_digest", verify_then_change)
    export = waiting.verify(TRUSTED)
    overwrite(b"\x1a\x02AU", b"\x1a\x02VN")

    assert export.region == "AU"
    with pytest.raises(BadSignatureError, match="changed"):
        list(export.key_blocks())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_entries_give_the_same(method):
    body = body_of(RECORD * 3, REVISED)

    export = verified(signed(body, method=method))

    assert export.digest == hashlib.sha256(body).hexdigest()
    assert (export.key_count, export.revised_count) == (3, 1)
    assert len(export.read().keys.key) == 3


def test_header_fields_may_come_after_the_keys():
    export = verified(signed(body_of(RECORD, b"\x1a\x02AU")))

    assert (export.region, export.key_count) == ("AU", 1)


def test_a_body_without_batch_fields_is_batch_1_of_1():
    info = encode_header(ExportHeader("", 0, 0, 1, 1, (SIGNER.info,)))
    infos_only = info[info.index(b"\x32") :]

    export = verified(signed(MAGIC + infos_only + RECORD))

    assert (export.batch_num, export.batch_size) == (1, 1)
    assert (export.region, export.start_s, export.end_s) == ("", 0, 0)


def test_a_changed_body_does_not_verify():
    body = bytearray(body_of(RECORD))
    good = opened(signed(bytes(body)))
    body[-1] ^= 1

    with pytest.raises(BadSignatureError):
        opened(archive(bytes(body), encode_signatures(good.signatures))).verify(TRUSTED)


def test_nothing_is_parsed_before_the_signature_holds():
    garbage = MAGIC + b"\xff" * 100
    good = opened(signed(body_of(RECORD)))

    with pytest.raises(BadSignatureError):
        opened(archive(garbage, encode_signatures(good.signatures))).verify(TRUSTED)


def test_no_strict_prefix_verifies():
    for length in range(len(FILE)):
        with pytest.raises(ProximityError):
            verified(FILE[:length])


def test_no_strict_prefix_of_the_body_verifies():
    body = body_of(RECORD * 2)
    signatures = encode_signatures(opened(signed(body)).signatures)

    for length in range(len(body)):
        with pytest.raises((BadSignatureError, FormatError)):
            opened(archive(body[:length], signatures)).verify(TRUSTED)


def test_an_unsigned_export_is_refused():
    with pytest.raises(UnknownSignerError, match="no signature"):
        opened(archive(body_of(RECORD), b"")).verify(TRUSTED)


def test_an_export_by_somebody_else_is_refused():
    stranger = VerificationKey(PRIVATE_KEY.public_key(), "310", "v1")

    with pytest.raises(UnknownSignerError, match="names"):
        opened(FILE).verify([stranger])


def test_no_trusted_key_verifies_nothing():
    with pytest.raises(UnknownSignerError):
        opened(FILE).verify([])


def test_either_of_two_signers_verifies_while_keys_rotate():
    new = Signer(ec.derive_private_key(8, ec.SECP256R1()), "452", "v2")
    data = export_bytes(CONTENT, [SIGNER, new])

    for signer in (SIGNER, new):
        pinned = VerificationKey(
            signer.private_key.public_key(), signer.key_id, signer.key_version
        )
        assert opened(data).verify([pinned]).signer == signer.info


def test_body_and_signature_of_two_batches_are_refused():
    with pytest.raises(NotCanonicalError, match="two batches"):
        verified(signed(body_of(RECORD), batch_num=1, batch_size=2))


def test_more_signatures_than_announced_are_refused():
    with pytest.raises(NotCanonicalError, match="announces 2"):
        verified(signed(body_of(RECORD, signature_infos=[SIGNER.info] * 2)))


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (b"EK Export v2    ", UnsupportedVersionError),
        (b"EK Export V1    ", NotCanonicalError),
        (b"EK Export v1\0\0\0\0", UnsupportedVersionError),
        (b"EK EXPORT V1    ", NotCanonicalError),
        (b"some other bytes", FormatError),
        (b"EK Export v1", TruncatedError),
        (b"", TruncatedError),
    ],
)
def test_another_header_is_refused_by_name(header, error):
    with pytest.raises(error):
        verified(signed(header))


def test_a_signed_body_that_ends_inside_a_field_is_refused():
    with pytest.raises(TruncatedError, match="inside a field"):
        verified(signed(body_of(RECORD)[:-1]))


def test_a_signed_body_with_a_bad_key_gives_no_keys():
    export = verified(
        signed(body_of(RECORD, b"\x3a\x14\x0a\x10" + bytes(16) + b"\x20\x00"))
    )

    with pytest.raises(NotCanonicalError, match="period"):
        export.read()


def test_a_body_beyond_the_bound_is_refused():
    with pytest.raises(TooLargeError, match="the bound is 50"):
        opened(FILE, max_bytes=50).verify(TRUSTED)


def test_a_signature_file_beyond_its_bound_is_refused():
    with pytest.raises(TooLargeError, match=r"export\.sig"):
        opened(archive(MAGIC, bytes(65_537)))


def test_header_fields_scattered_over_a_large_body_are_bounded(monkeypatch):
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 40_000)
    unknown = b"\x7a\xff\xff\x01" + bytes(32_767)

    with pytest.raises(TooLargeError, match="64 KiB"):
        verified(signed(body_of(unknown * 3)))


def test_a_copy_that_changes_between_the_passes_gives_no_keys():
    export = verified(FILE)
    file = export._body.copy.file
    file.seek(-20, io.SEEK_END)
    file.write(b"\x07")

    with pytest.raises(BadSignatureError, match="changed"):
        export.read()


def test_an_unverified_export_says_so():
    export = opened(archive(body_of(RECORD), b"")).unverified()

    assert not export.verified
    assert export.signer is None
    assert len(export.read().keys.key) == 1


def test_a_bare_body_can_be_read_but_is_never_verified():
    export = open_unsigned(io.BytesIO(body_of(RECORD)))

    assert not export.verified
    assert export.key_count == 1


def test_a_bare_body_is_not_opened_as_a_signed_export():
    with pytest.raises(FormatError, match="without a signature"):
        opened(body_of(RECORD))


def test_a_bare_body_beyond_the_bound_is_refused():
    with pytest.raises(TooLargeError):
        open_unsigned(io.BytesIO(bytes(2 << 20)), max_bytes=1)


def test_no_key_is_shown():
    export = verified(FILE)
    shown = repr(export) + repr(export.read()) + repr(list(export.key_blocks()))

    assert "DiagnosisKeys n=3" in shown
    assert "0000000" not in shown.replace("1600000000", "").replace("2650000", "")
    assert "array" not in shown


def test_signature_infos_are_those_of_the_body():
    other = SignatureInfo("310", "v9")

    assert verified(
        signed(body_of(RECORD, signature_infos=[other]))
    ).signature_infos == (other,)
