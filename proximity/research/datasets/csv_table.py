"""Read columns of CSV files, packed or not, within bounds."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from proximity.errors import FormatError, TooLargeError
from proximity.research.datasets.signals import Float64, Int64
from proximity.research.datasets.xz import packed_chunks, plain_chunks

MAX_BYTES = 2 << 30
MAX_ROWS = 20_000_000
MAX_LINE = 1 << 16
MAX_NAMES = 100_000
BLOCK = 1 << 16
HINT = "Fetch the file again; compare it with the description of the data set."


class Names(NamedTuple):
    """A column of text: row i holds `names[code[i]]`."""

    code: Int64
    names: tuple[str, ...]


class Table(NamedTuple):
    """Columns by name.

    Attributes
    ----------
    n : int
    numbers : dict of str to float64[n]
        NaN where a field is empty.
    texts : dict of str to Names
    times_ms : dict of str to int64[n]
        Of `YYYY-MM-DD HH:MM:SS`.
    """

    n: int
    numbers: dict[str, Float64]
    texts: dict[str, Names]
    times_ms: dict[str, Int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns to read, and how.

    Attributes
    ----------
    numbers, texts, times : tuple of str
        Each must be there.
    optional : tuple of str
        Numbers that may be missing; then all NaN.
    header : tuple of str | None
        For a file without a first line of names.
    skip_ragged : bool
        Leave out rows with a wrong number of fields, or whose first field is no
        number, instead of refusing the file.
    """

    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    header: tuple[str, ...] | None = None
    skip_ragged: bool = False


@dataclass(slots=True)
class _Parts:
    """Columns as they grow, block by block."""

    numbers: dict[str, list[Float64]] = field(default_factory=dict)
    codes: dict[str, list[Int64]] = field(default_factory=dict)
    names: dict[str, dict[str, int]] = field(default_factory=dict)
    times: dict[str, list[Int64]] = field(default_factory=dict)
    n: int = 0


def find_table(folder: Path, name: str) -> Path:
    """Return a file of a folder, packed or not.

    Raises
    ------
    FormatError
        If there is neither.
    """
    for candidate in (folder / name, folder / f"{name}.xz"):
        if candidate.is_file():
            return candidate
    raise FormatError(
        f"{folder.name} has no {name}", "Name the folder that holds the data set."
    )


def read_table(source: Path, columns: Columns) -> Table:
    """Read columns of a CSV file.

    Parameters
    ----------
    source : Path
        Plain, or packed if its name ends in .xz.
    columns : Columns

    Returns
    -------
    Table

    Raises
    ------
    FormatError
        If a column is missing, a field is not what its column holds, a row has a
        wrong number of fields, or the file is damaged or too large.
    """
    reader = csv.reader(_lines(source), strict=True)
    parts = _Parts()
    try:
        header = list(columns.header or next(reader, ()))
        where = _positions(header, columns, source.name)
        while rows := list(islice(reader, BLOCK)):
            _add(parts, _whole(rows, header, columns, source.name), where, columns)
            if parts.n > MAX_ROWS:
                raise TooLargeError(
                    f"{source.name} has more than {MAX_ROWS} rows", HINT
                )
    except csv.Error as error:
        raise FormatError(f"{source.name} is not CSV: {error}", HINT) from error
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{source.name} holds what it should not", HINT) from error
    return _table(parts, columns)


def read_records(source: Path) -> list[dict[str, str]]:
    """Read a small CSV file row by row, by column name.

    Raises
    ------
    FormatError
        As `read_table`.
    """
    reader = csv.reader(_lines(source), strict=True)
    try:
        header = next(reader, [])
        rows = list(islice(reader, MAX_NAMES + 1))
    except csv.Error as error:
        raise FormatError(f"{source.name} is not CSV: {error}", HINT) from error
    if len(rows) > MAX_NAMES:
        raise TooLargeError(f"{source.name} has more than {MAX_NAMES} rows", HINT)
    rows = _whole(rows, header, Columns(), source.name)
    return [dict(zip(header, row, strict=True)) for row in rows]


def number(record: dict[str, str], name: str) -> float | None:
    """Return a number of a record, None where it is empty, "nan" or not there.

    Raises
    ------
    FormatError
        If it is no finite number.
    """
    text = record.get(name, "").strip()
    # Tables that pandas wrote say so where nothing is known.
    if not text or text.lower() == "nan":
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("inf")
    if not np.isfinite(value):
        raise FormatError(f"a field {name} is no number", HINT)
    return value


def _lines(source: Path) -> Iterator[str]:
    chunks = packed_chunks if source.suffix == ".xz" else plain_chunks
    # Names that came over the air hold any bytes at all.
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    rest = ""
    total = 0
    for chunk in chunks(source):
        total += len(chunk)
        if total > MAX_BYTES:
            raise TooLargeError(f"{source.name} unpacks to more than {MAX_BYTES}", HINT)
        lines = (rest + decoder.decode(chunk)).split("\n")
        rest = lines.pop()
        if len(rest) > MAX_LINE:
            raise FormatError(f"{source.name} has a line without end", HINT)
        yield from lines
    if rest:
        yield rest


def _positions(header: Sequence[str], columns: Columns, name: str) -> dict[str, int]:
    places = {title.strip(): i for i, title in enumerate(header)}
    wanted = (*columns.numbers, *columns.texts, *columns.times)
    missing = [title for title in wanted if title not in places]
    if missing:
        raise FormatError(f"{name} has no column {missing[0]}", HINT)
    return places


def _whole(
    rows: list[list[str]], header: Sequence[str], columns: Columns, name: str
) -> list[list[str]]:
    """Drop empty lines; refuse or leave out rows that are not whole."""
    n = len(header)
    if columns.skip_ragged:
        return [row for row in rows if len(row) == n and _is_number(row[0])]
    rows = [row for row in rows if row]
    if any(len(row) != n for row in rows):
        raise FormatError(f"{name} has a row of the wrong length", HINT)
    return rows


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _add(
    parts: _Parts, rows: list[list[str]], where: dict[str, int], columns: Columns
) -> None:
    parts.n += len(rows)
    for title in (*columns.numbers, *columns.optional):
        if title in where:
            i = where[title]
            values = np.array([row[i] or "nan" for row in rows], np.float64)
            parts.numbers.setdefault(title, []).append(values)
    for title in columns.texts:
        i, names = where[title], parts.names.setdefault(title, {})
        codes = [names.setdefault(row[i], len(names)) for row in rows]
        parts.codes.setdefault(title, []).append(np.array(codes, np.int64))
        if len(names) > MAX_NAMES:
            raise ValueError("too many names")
    for title in columns.times:
        i = where[title]
        times = np.array([row[i] for row in rows], "datetime64[ms]").astype(np.int64)
        if len(times) and (times.min() < 0 or times.max() >= 1 << 42):
            raise ValueError("a time out of range")
        parts.times.setdefault(title, []).append(times)


def _table(parts: _Parts, columns: Columns) -> Table:
    numbers = {
        title: np.concatenate([np.zeros(0), *parts.numbers.get(title, [])])
        for title in (*columns.numbers, *columns.optional)
        if title in parts.numbers or title in columns.numbers
    }
    for title in columns.optional:
        numbers.setdefault(title, np.full(parts.n, np.nan))
    none = np.zeros(0, np.int64)
    return Table(
        parts.n,
        numbers,
        {
            title: Names(
                np.concatenate([none, *parts.codes.get(title, [])]),
                tuple(parts.names.get(title, {})),
            )
            for title in columns.texts
        },
        {
            title: np.concatenate([none, *parts.times.get(title, [])])
            for title in columns.times
        },
    )
