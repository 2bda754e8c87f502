"""The first rows over many units: the same as sorting them all."""

import numpy as np
import pytest
from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
)

from proximity.authority.database import open_database
from proximity.authority.settings import Settings
from proximity.authority.unit_lists import UnitList, count_up_to, first_keys

# With a sparse unit, ties between units, a kind that is rare, and one without a kind.
LINES = Table(
    "lines",
    MetaData(),
    Column("key", Integer, primary_key=True),
    Column("unit", String(8)),
    Column("kind", String(8)),
    Column("at_s", Integer),
)
Index("lines_unit", LINES.c.unit, LINES.c.at_s, LINES.c.key)
NEWEST = UnitList(LINES, LINES.c.unit, LINES.c.key, (LINES.c.at_s, LINES.c.key))
OLDEST = UnitList(
    LINES,
    LINES.c.unit,
    LINES.c.key,
    (LINES.c.at_s, LINES.c.unit, LINES.c.key),
    descending=False,
)
UNITS = [f"u{n}" for n in range(9)]


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    drawn = np.random.default_rng(3)
    kinds = ["a", "a", "a", "b", None]
    rows = [
        {
            "key": key,
            "unit": UNITS[drawn.integers(8)],
            "kind": kinds[drawn.integers(5)],
            "at_s": int(drawn.integers(40)),
        }
        for key in range(400)
    ]
    rows.append({"key": 400, "unit": "u8", "kind": "a", "at_s": 20})
    engine = open_database(Settings(), tmp_path_factory.mktemp("lists"))
    LINES.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(LINES), rows)
    with engine.connect() as connection:
        yield connection, rows
    engine.dispose()


def plainly(rows, units, kinds, *, before=(99, 0)):
    """Return all keys in order, the newest first."""
    fits = [
        row
        for row in rows
        if (units is None or row["unit"] in units)
        and (kinds is None or row["kind"] in kinds)
        and (row["at_s"], row["key"]) < before
    ]
    ordered = sorted(fits, key=lambda row: (-row["at_s"], -row["key"]))
    return [row["key"] for row in ordered]


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
@pytest.mark.parametrize("units", [None, UNITS, UNITS[:2], ["u8"], ["u8", "nowhere"]])
@pytest.mark.parametrize("kinds", [None, ("a",), ("b", None)])
def test_the_first_rows_are_those_of_all_rows_sorted(lines, limit, units, kinds):
    connection, rows = lines
    any_of = [{}] if kinds is None else [{LINES.c.kind: kind} for kind in kinds]
    found = first_keys(connection, NEWEST, units, any_of=any_of, limit=limit)

    assert found == plainly(rows, units, kinds)[:limit]
    count = count_up_to(connection, NEWEST, units, any_of=any_of, most=limit)
    assert count == min(limit, len(plainly(rows, units, kinds)))


def test_pages_follow_each_other_without_gap_or_overlap(lines):
    connection, rows = lines
    at = {row["key"]: row["at_s"] for row in rows}
    seen, before = [], (99, 0)
    while True:
        begin = (
            "(one.at_s, one.key) < (:at, :key)",
            {"at": before[0], "key": before[1]},
        )
        page = first_keys(connection, NEWEST, None, begin=begin, limit=7)
        assert page == plainly(rows, None, None, before=before)[:7]
        if not page:
            break
        seen += page
        before = (at[page[-1]], page[-1])

    assert seen == plainly(rows, None, None)


def test_a_list_may_begin_with_the_oldest(lines):
    connection, rows = lines
    ordered = sorted(rows, key=lambda row: (row["at_s"], row["unit"], row["key"]))

    found = first_keys(connection, OLDEST, None, limit=20)
    assert found == [row["key"] for row in ordered[:20]]


def test_nobody_without_units_is_told_anything(lines):
    connection, _ = lines

    assert first_keys(connection, NEWEST, [], limit=5) == []
    assert count_up_to(connection, NEWEST, [], most=5) == 0


def test_what_a_unit_is_called_is_no_statement(lines):
    connection, rows = lines
    name = "x'; DROP TABLE lines; --"

    assert first_keys(connection, NEWEST, [name, *UNITS], limit=2)
    assert len(connection.execute(select(LINES.c.key)).all()) == len(rows)
