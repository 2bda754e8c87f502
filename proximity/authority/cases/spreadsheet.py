"""CSV as spreadsheets write and read it: bounded, in their encodings, without formulas.

A cell that begins like a formula gets an apostrophe before it, which spreadsheets hide;
it is taken off again when the file comes back.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from proximity.errors import FormatError, TooLargeError

MAX_BYTES = 8 << 20
MAX_ROWS = 20_000
MAX_CELL = 4_096
ENCODINGS = ("utf-8-sig", "utf-8", "utf-16", "windows-1258", "windows-1252")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_DELIMITERS = ",;\t"
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Sheet(NamedTuple):
    """What a file held.

    Attributes
    ----------
    encoding : str
        One of `ENCODINGS`.
    header : tuple of str
        Lower case.
    rows : list of (int, dict of str to str)
        Each with its line number, counted from 1; by the names of the header.
    """

    encoding: str
    header: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]


def write_sheet(
    header: Sequence[str],
    rows: Iterable[Mapping[str, object]],
    encoding: str = ENCODINGS[0],
) -> bytes:
    """Write rows as CSV; None becomes an empty cell.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of mapping
    encoding : str
        One of `ENCODINGS`; what the old ones lack becomes a question mark.

    Raises
    ------
    ValueError
        If the encoding is another.
    """
    if encoding not in ENCODINGS:
        raise ValueError(f"an encoding is one of {', '.join(ENCODINGS)}")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_safe(row.get(name)) for name in header])
    plain = text.getvalue()
    if encoding == "windows-1258":
        plain = "".join(map(_for_1258, plain))
    return plain.encode(encoding, errors="replace")


def read_sheet(data: bytes) -> Sheet:
    """Read CSV, whatever spreadsheet wrote it.

    Parameters
    ----------
    data : bytes
        UTF-8 with or without a mark, UTF-16, Windows-1258 or Windows-1252; separated
        by commas, semicolons or tabs.

    Raises
    ------
    TooLargeError
        If there is more than a line list has.
    FormatError
        Naming the line.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"The file exceeds {MAX_BYTES} bytes.", "Split it into several."
        )
    text, encoding = _decode(data)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = _header(next(reader, []))
        rows = list(_rows(reader, header))
    except csv.Error as error:
        raise _malformed(reader.line_num, "it is not CSV") from error
    return Sheet(encoding, header, rows)


def _header(cells: list[str]) -> tuple[str, ...]:
    header = tuple(_plain(cell).lower() for cell in cells)
    if not any(header) or len(set(header)) < len(header):
        raise _malformed(1, "it names every column once")
    return header


def _rows(
    reader: Iterable[list[str]], header: tuple[str, ...]
) -> Iterable[tuple[int, dict[str, str]]]:
    for number, cells in enumerate(reader, 2):
        if number > MAX_ROWS + 1:
            raise TooLargeError(
                f"The file has more than {MAX_ROWS} rows.", "Split it into several."
            )
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(header):
            raise _malformed(number, "it has more cells than columns")
        if any(len(cell) > MAX_CELL for cell in cells):
            raise _malformed(number, f"a cell has more than {MAX_CELL} characters")
        yield number, dict(zip(header, map(_plain, cells), strict=False))


def _decode(data: bytes) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                return _normal(data.decode(encoding)), encoding
            except UnicodeDecodeError as error:
                raise _malformed(1, f"it is not {encoding}") from error
    try:
        return _normal(data.decode("utf-8")), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = _normal(data.decode("windows-1258"))
        # Tone marks of Vietnamese stand on their letters: what is left over was no
        # tone mark, so the file was of the other code page.
        if not any(unicodedata.combining(character) for character in text):
            return text, "windows-1258"
    except UnicodeDecodeError:
        pass
    return _normal(data.decode("windows-1252", errors="replace")), "windows-1252"


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\0", "")


def _plain(cell: str) -> str:
    cell = cell.strip()
    if cell.startswith("'") and cell[1:].startswith(_FORMULA):
        return cell[1:]
    return cell


def _safe(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _for_1258(character: str) -> str:
    """Return a letter with its tone mark apart, as that code page has it."""
    marks = unicodedata.normalize("NFD", character)
    tones = "".join(mark for mark in marks if mark in _TONES)
    letter = "".join(mark for mark in marks if mark not in _TONES)
    return unicodedata.normalize("NFC", letter) + tones


def _malformed(line: int, what: str) -> FormatError:
    return FormatError(
        f"Line {line} of the file: {what}.",
        "Write it as CSV, with the columns that an export of the line list has.",
    )
