"""The first rows of a list over many units, in bounded time however they are spread.

An index that begins with the unit gives the first rows of one unit at once, and no
index those of some units: a database reads all their rows and sorts them, or all rows
in order until enough are theirs. So here each unit is asked for its very first row;
the page is among the first rows of those units whose first rows come first.

    units → the first row of each → the first rows of the foremost → the page
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, text

_Where = Mapping[Column[Any], object]
_Begin = tuple[str, Mapping[str, object]]
# From one unit to the next in the index, past all rows in between.
_EVERY = """WITH RECURSIVE steps (unit) AS (
    SELECT min({unit}) FROM {table}
    UNION ALL
    SELECT (SELECT min({unit}) FROM {table} WHERE {unit} > steps.unit)
    FROM steps WHERE steps.unit IS NOT NULL
), units (unit) AS (SELECT unit FROM steps WHERE unit IS NOT NULL)"""
_THESE = "WITH units (unit) AS (VALUES {rows})"
_ROWS = """SELECT {columns} FROM {table} AS one
WHERE one.{column} = {unit} AND {condition} ORDER BY {order} LIMIT {limit}"""
_FIRST = "SELECT unit, {place} AS place, ({rows}) AS foremost FROM units"
_FOREMOST = """{units}, firsts AS ({firsts})
SELECT firsts.unit, firsts.place FROM firsts
JOIN {table} AS one ON one.{key} = firsts.foremost ORDER BY {order} LIMIT {limit}"""
_ARM = "SELECT * FROM ({rows}) AS arm{number}"
# One plan for all units: PostgreSQL would plan a hundred arms for longer than it reads.
_LATERAL = """SELECT arm{number}.* FROM (VALUES {units}) AS of{number} (unit)
CROSS JOIN LATERAL ({rows}) AS arm{number}"""
_MERGED = "SELECT {key} FROM ({arms}) AS them ORDER BY {order} LIMIT {limit}"
_FIT = """SELECT 1 FROM units
JOIN {table} AS one ON one.{column} = units.unit WHERE {condition}"""
_COUNT = """{units} SELECT count(*) FROM (
    SELECT 1 FROM ({fits}) AS them LIMIT {limit}
) AS counted"""


@dataclass(frozen=True, slots=True)
class UnitList:
    """A list in the order of an index whose first column is the unit.

    Attributes
    ----------
    table : Table
    unit, key : Column
        Whose the row is, and what names it.
    order : tuple of Column
        The order within a unit, its last one unique.
    descending : bool
        Of all columns of the order.
    beside : frozenset of Column
        Beside another condition, those on these columns choose no index.
    """

    table: Table
    unit: Column[str]
    key: Column[Any]
    order: tuple[Column[Any], ...]
    descending: bool = True
    beside: frozenset[Column[Any]] = frozenset()


def first_keys(
    connection: Connection,
    listed: UnitList,
    units: Collection[str] | None,
    *,
    any_of: Sequence[_Where] = ({},),
    begin: _Begin = ("", {}),
    limit: int,
) -> list[Any]:
    """Return the keys of the first rows, in order; two statements at most.

    Parameters
    ----------
    connection : Connection
    listed : UnitList
    units : collection of str or None
        None: all that there are.
    any_of : sequence of mappings of Column to value
        A row fits one of them, none fits two; None stands for nothing.
    begin : (str, mapping)
        What holds for every row besides: a condition of SQL, where the row is called
        `one`, and its values.
    limit : int

    Returns
    -------
    list
    """
    if units is not None and not units:
        return []
    arms = _Arms(listed, any_of, begin, limit)
    if units is not None and len(units) * len(any_of) <= limit:
        foremost = [(unit, place) for unit in units for place in range(len(any_of))]
    else:
        foremost = arms.foremost(connection, units)
    return arms.merged(connection, foremost) if foremost else []


def count_up_to(
    connection: Connection,
    listed: UnitList,
    units: Collection[str] | None,
    *,
    any_of: Sequence[_Where] = ({},),
    begin: _Begin = ("", {}),
    most: int,
) -> int:
    """Return how many rows there are, at most `most`; one statement.

    Parameters
    ----------
    connection, listed, units, any_of, begin
        As `first_keys`.
    most : int
    """
    if units is not None and not units:
        return 0
    return _Arms(listed, any_of, begin, most).count(connection, units)


class _Arms:
    """A list of each unit and each kind of row, of which the page is merged."""

    def __init__(
        self, listed: UnitList, any_of: Sequence[_Where], begin: _Begin, limit: int
    ) -> None:
        self._listed, self._any_of, self._limit = listed, any_of, limit
        self._begin = begin[0]
        self._names = {
            "table": listed.table.name,
            "column": listed.unit.name,
            "key": listed.key.name,
            "limit": int(limit),
        }
        self._values = dict(begin[1]) | {
            f"{column.name}_{place}": value
            for place, where in enumerate(any_of)
            for column, value in where.items()
            if value is not None
        }

    def foremost(
        self, connection: Connection, units: Collection[str] | None
    ) -> list[tuple[str, int]]:
        """Return units, each with a kind of row, whose first rows come first."""
        source, values = self._units(units)
        firsts = " UNION ALL ".join(
            _FIRST.format(place=place, rows=self._rows("key", "units.unit", place, 1))
            for place in range(len(self._any_of))
        )
        order = self._order("one")
        statement = _FOREMOST.format(
            units=source, firsts=firsts, order=order, **self._names
        )
        rows = connection.execute(text(statement), values | self._values)
        return [(unit, place) for unit, place in rows]

    def merged(
        self, connection: Connection, foremost: Sequence[tuple[str, int]]
    ) -> list[Any]:
        """Return the first keys of some units together."""
        lateral = connection.dialect.name == "postgresql"
        arms = self._laterals(foremost) if lateral else self._arms(foremost)
        order = self._order("them")
        statement = _MERGED.format(
            arms=" UNION ALL ".join(arms), order=order, **self._names
        )
        units = {f"unit{number}": unit for number, (unit, _) in enumerate(foremost)}
        rows = connection.execute(text(statement), units | self._values)
        return list(rows.scalars())

    def _arms(self, foremost: Sequence[tuple[str, int]]) -> list[str]:
        return [
            _ARM.format(
                rows=self._rows("all", f":unit{number}", place, self._limit),
                number=number,
            )
            for number, (_, place) in enumerate(foremost)
        ]

    def _laterals(self, foremost: Sequence[tuple[str, int]]) -> list[str]:
        numbers: dict[int, list[int]] = {}
        for number, (_, place) in enumerate(foremost):
            numbers.setdefault(place, []).append(number)
        return [
            _LATERAL.format(
                units=", ".join(f"(:unit{each})" for each in mine),
                rows=self._rows("all", f"of{place}.unit", place, self._limit),
                number=place,
            )
            for place, mine in numbers.items()
        ]

    def count(self, connection: Connection, units: Collection[str] | None) -> int:
        """Return how many rows there are, at most the limit."""
        source, values = self._units(units)
        fits = " UNION ALL ".join(
            _FIT.format(condition=self._condition(place), **self._names)
            for place in range(len(self._any_of))
        )
        statement = _COUNT.format(units=source, fits=fits, **self._names)
        found = connection.execute(text(statement), values | self._values)
        return int(found.scalar_one())

    def _units(self, units: Collection[str] | None) -> tuple[str, dict[str, object]]:
        """Return the beginning of a statement that names all units."""
        if units is None:
            table, unit = self._listed.table.name, self._listed.unit.name
            return _EVERY.format(table=table, unit=unit), {}
        values = {f"unit{place}": unit for place, unit in enumerate(sorted(units))}
        rows = ", ".join(f"(:{name})" for name in values)
        return _THESE.format(rows=rows), dict(values)

    def _rows(self, what: str, unit: str, place: int, limit: int) -> str:
        """Return the statement of the first rows of a unit."""
        key, order = self._listed.key, self._listed.order
        wanted = (key,) if what == "key" else dict.fromkeys((key, *order))
        return _ROWS.format(
            columns=", ".join(f"one.{each.name}" for each in wanted),
            unit=unit,
            condition=self._condition(place),
            order=self._order("one"),
            **(self._names | {"limit": limit}),
        )

    def _condition(self, place: int) -> str:
        """Return what holds for a row of one kind, but for its unit."""
        where = self._any_of[place]
        parts = [self._begin] if self._begin else []
        for column, value in where.items():
            name = f"one.{column.name}"
            if column in self._listed.beside and len(where) > 1:
                # An expression is in no index.
                name += " || ''"
            is_it = "IS NULL" if value is None else f"= :{column.name}_{place}"
            parts.append(f"{name} {is_it}")
        return " AND ".join(parts) or "true"

    def _order(self, row: str) -> str:
        way = " DESC" if self._listed.descending else ""
        return ", ".join(f"{row}.{each.name}{way}" for each in self._listed.order)
