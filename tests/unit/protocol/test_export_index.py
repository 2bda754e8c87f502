"""The index file of a published directory."""

import pytest

from proximity.errors import FormatError, NotCanonicalError, TooLargeError
from proximity.protocol.export_index import (
    MAX_INDEX_BYTES,
    MAX_PATH_CHARACTERS,
    encode_index,
    parse_index,
)

PATHS = ("1600000000-1600003600-00001.zip", "1600003600-1600007200-00001.zip")


def test_paths_are_sorted_and_joined_without_a_last_newline():
    assert encode_index(reversed(PATHS)) == "\n".join(PATHS).encode()


def test_what_was_written_is_read_again():
    assert parse_index(encode_index(PATHS)) == PATHS


def test_a_newline_at_the_end_is_tolerated():
    assert parse_index(encode_index(PATHS) + b"\n") == PATHS


@pytest.mark.parametrize("data", [b"", b"\n"])
def test_an_empty_index_has_no_exports(data):
    assert parse_index(data) == ()


def test_folders_are_allowed_below_the_index():
    assert parse_index(b"exports/a.zip\nexports/b.zip")[1] == "exports/b.zip"


@pytest.mark.parametrize(
    "line",
    [
        "../secret.zip",
        "exports/../../secret.zip",
        "exports/./a.zip",
        "/etc/passwd",
        "exports//a.zip",
        "exports/",
        "http://elsewhere/a.zip",
        "c:a.zip",
        "exports\\a.zip",
        "%2e%2e/a.zip",
        "a.zip?x=1",
        "a.zip#x",
        "a b.zip",
        "a.zip\r",
        "",
        ".hidden",
        "a\0.zip",
        "x" * (MAX_PATH_CHARACTERS + 1),
    ],
)
def test_a_line_that_is_no_plain_path_is_refused(line):
    with pytest.raises(FormatError, match="line 2"):
        parse_index(f"0.zip\n{line}\nz.zip".encode())


def test_letters_beyond_ascii_are_refused():
    with pytest.raises(FormatError, match="US-ASCII"):
        parse_index("đợt-1.zip".encode())


def test_an_unsorted_index_is_refused():
    with pytest.raises(NotCanonicalError, match="not sorted"):
        parse_index("\n".join(reversed(PATHS)).encode())


def test_a_repeated_line_is_refused():
    with pytest.raises(NotCanonicalError, match="repeats"):
        parse_index(b"a.zip\na.zip")


def test_an_index_beyond_the_bound_is_refused_unread():
    with pytest.raises(TooLargeError):
        parse_index(b"a" * (MAX_INDEX_BYTES + 1))


def test_a_path_that_could_not_be_read_again_is_not_written():
    with pytest.raises(ValueError, match="not fit"):
        encode_index(["../a.zip"])
