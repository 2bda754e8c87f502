"""The line list: cases out as CSV, edited in a spreadsheet, and back in.

A row with a reference changes that case, one without makes a new one. Nothing is
written unless every row can be; a dry run tells the same and writes nothing.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.finding import CaseQuery, every_case
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import (
    Changed,
    Row,
    Scope,
    change_case,
    create_case,
)
from proximity.authority.cases.rules import Origin
from proximity.authority.cases.spreadsheet import ENCODINGS, read_sheet, write_sheet
from proximity.units import day_from_iso, iso_day

_DAYS = {
    "onset": "onset_day",
    "test": "test_day",
    "isolated": "isolated_day",
    "quarantine_from": "quarantine_from_day",
    "quarantine_to": "quarantine_to_day",
    "due": "due_day",
}
_TEXTS = (
    "classification",
    "status",
    "unit",
    "test_result",
    "assigned",
    "call_result",
)
COLUMNS = ("ref", "version", *_TEXTS[:3], "person", *_DAYS, *_TEXTS[3:])
# Set when a case is made; a spreadsheet does not change a state back by accident.
_NOT_OF_NEW = ("status",)


@dataclass(frozen=True, slots=True)
class LineReport:
    """What became, or would become, of one row.

    Attributes
    ----------
    line : int
        In the file, counted from 1.
    action : str
        "created", "changed", "unchanged" or "refused".
    ref : str or None
    problem : str or None
        Why it was refused; it repeats nothing of the row.
    """

    line: int
    action: str
    ref: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file.

    Attributes
    ----------
    encoding : str
    lines : tuple of LineReport
    """

    encoding: str
    lines: tuple[LineReport, ...]

    @property
    def refused(self) -> int:
        """How many rows cannot be taken."""
        return sum(line.action == "refused" for line in self.lines)


def export_lines(
    connection: Connection, scope: Scope, query: CaseQuery, encoding: str
) -> bytes:
    """Write the cases that a query finds, page by page, as CSV.

    Raises
    ------
    ApiError
        400 if the encoding is none of `ENCODINGS`.
    """
    if encoding not in ENCODINGS:
        raise ApiError(400, "bad_request", f"encoding is of {', '.join(ENCODINGS)}")
    rows = every_case(connection, scope, query)
    return write_sheet(COLUMNS, map(line_cells, rows), encoding)


def import_lines(
    connection: Connection,
    scope: Scope,
    data: bytes,
    *,
    policy: TracingPolicy,
    authority: Authority,
) -> ImportReport:
    """Take rows in; the caller rolls back if any is refused, or if it was a dry run.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    scope : Scope
    data : bytes
    policy : TracingPolicy
    authority : Authority

    Raises
    ------
    TooLargeError, FormatError
        If the file is no CSV, or has columns that a line list has not.
    ApiError
        400 if it has other columns than a line list.
    """
    sheet = read_sheet(data)
    unknown = set(sheet.header) - set(COLUMNS) - {""}
    if unknown:
        raise ApiError(400, "unknown_column", f"columns are {', '.join(COLUMNS)}")
    lines = []
    for number, cells in sheet.rows:
        # A row that is refused half way leaves nothing of itself behind.
        with connection.begin_nested() as savepoint:
            try:
                done = _take(
                    connection, scope, cells, policy=policy, authority=authority
                )
                lines.append(LineReport(number, *done))
            except ApiError as error:
                savepoint.rollback()
                ref = cells.get("ref") or None
                lines.append(LineReport(number, "refused", ref, str(error)))
    return ImportReport(sheet.encoding, tuple(lines))


def line_cells(row: Row) -> dict[str, object]:
    """Return a case as a row of the line list."""
    days = {
        name: None if row[column] is None else iso_day(row[column])
        for name, column in _DAYS.items()
    }
    return {name: row[name] for name in ("ref", "version", "person", *_TEXTS)} | days


def _take(
    connection: Connection,
    scope: Scope,
    cells: dict[str, str],
    *,
    policy: TracingPolicy,
    authority: Authority,
) -> tuple[str, str]:
    ref, version = cells.get("ref", ""), cells.get("version", "")
    fields = _fields(cells)
    if not ref:
        given = {n: v for n, v in fields.items() if n not in _NOT_OF_NEW and v}
        made = create_case(
            connection,
            scope,
            {"origin": Origin.IMPORT.value, **given},
            policy=policy,
            now_s=authority.now_s,
            entropy=authority.entropy,
        )
        return "created", made
    seen = _number("version", version)
    changed = Changed(fields, seen)
    row = change_case(
        connection, scope, ref, changed, policy=policy, now_s=authority.now_s
    )
    same = seen is not None and row["version"] == seen
    return ("unchanged" if same else "changed"), ref


def _fields(cells: dict[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, column in _DAYS.items():
        if name in cells:
            fields[column] = _day(name, cells[name])
    fields |= {name: cells[name] or None for name in _TEXTS if name in cells}
    if "person" in cells:
        fields["person"] = _number("person", cells["person"])
    return fields


def _number(name: str, text: str) -> int | None:
    if text and not (text.isdecimal() and text.isascii() and len(text) <= 16):
        raise ApiError(400, "bad_request", f"{name} is not a number")
    return int(text) if text else None


def _day(name: str, text: str) -> int | None:
    """Read a day as ISO writes it, or as Vietnamese spreadsheets do."""
    if not text:
        return None
    parts = text.replace("-", "/").replace(".", "/").split("/")
    if len(parts) == 3 and len(parts[2]) == 4:
        text = f"{parts[2]}-{parts[1]:0>2}-{parts[0]:0>2}"
    try:
        return day_from_iso(text)
    except ValueError as error:
        raise ApiError(
            400, "bad_request", f"{name} is a day as YYYY-MM-DD or DD/MM/YYYY"
        ) from error
