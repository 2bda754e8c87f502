"""Who may do what, where."""

from pathlib import Path

import pytest
from sqlalchemy import select

from proximity.authority.accounts.model import (
    ROOT_UNIT,
    Area,
    Grant,
    Level,
    Officer,
    Role,
    Unit,
    organisations,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import (
    allowed,
    check_grant,
    common_unit,
    highest_unit,
    level_of,
    needs_second_officer,
    reads,
    rights_table,
    units_in_reach,
    writes,
)
from proximity.authority.database import reading

DISTRICT = Unit("080", "root/10/080/")
COMMUNE = Unit("02641", "root/10/080/02641/")
NEXT_DOOR = Unit("0802", "root/10/0802/")


def officer(*grants: Grant) -> Officer:
    return Officer("a", "A", "a@example.org", DISTRICT, grants)


def test_capitals_tell_units_apart_in_lists_as_well(world):
    """LIKE would take one for the other on SQLite."""
    lower, upper = Unit("ab", "root/ab/"), Unit("AB", "root/AB/")
    kept = {"kind": "sector", "name": "x", "parent": "root"}
    rows = [each._asdict() | kept for each in (lower, upper)]
    with world.authority.engine.begin() as connection:
        connection.execute(organisations.insert(), rows)
        held = officer(Grant(Role.TRACER, lower))
        reach = units_in_reach(held, reads(Area.CASES), organisations.c.id)
        found = connection.execute(select(organisations.c.id).where(reach)).scalars()
        assert list(found) == ["ab"]


def test_who_may_write_may_read():
    for role, levels in rights_table():
        for area, level in levels.items():
            held = officer(Grant(role, ROOT_UNIT))
            may_write = allowed(held, writes(area), COMMUNE)
            assert may_write is (level is Level.WRITE)
            assert allowed(held, reads(area), COMMUNE) is (level >= Level.READ)


def test_a_role_counts_in_its_unit_and_below_and_nowhere_else():
    held = officer(Grant(Role.EPIDEMIOLOGIST, DISTRICT))

    assert allowed(held, writes(Area.CASES), DISTRICT)
    assert allowed(held, writes(Area.CASES), COMMUNE)
    assert not allowed(held, writes(Area.CASES), ROOT_UNIT)
    # A path that begins with the same characters is another unit.
    assert not allowed(held, writes(Area.CASES), NEXT_DOOR)


def test_rights_of_two_units_do_not_add_up():
    held = officer(
        Grant(Role.ADMINISTRATOR, DISTRICT), Grant(Role.EPIDEMIOLOGIST, NEXT_DOOR)
    )

    assert not allowed(held, writes(Area.CASES), DISTRICT)
    assert not allowed(held, writes(Area.ACCOUNTS), NEXT_DOOR)


def test_nobody_has_every_right_and_administrators_see_no_person():
    for role in Role:
        assert any(level_of(role, area) is not Level.WRITE for area in Area)
    for area in (Area.CASES, Area.CONTACTS, Area.PERSONAL, Area.CODES):
        assert level_of(Role.ADMINISTRATOR, area) is Level.NONE


def test_the_condition_of_sql_agrees_with_the_rule(world):
    for unit in world.units.values():
        held = officer(Grant(Role.TRACER, unit))
        reach = units_in_reach(held, reads(Area.CASES), organisations.c.id)
        with reading(world.authority.engine) as connection:
            found = set(
                connection.execute(select(organisations.c.id).where(reach)).scalars()
            )
        assert found == {
            each
            for each, place in world.units.items()
            if allowed(held, reads(Area.CASES), place)
        }


def test_who_has_no_right_reaches_no_row(world):
    reach = units_in_reach(officer(), reads(Area.CASES), organisations.c.id)
    with reading(world.authority.engine) as connection:
        assert connection.execute(select(organisations).where(reach)).all() == []


def test_nobody_gives_themselves_a_right():
    giver = officer(Grant(Role.ADMINISTRATOR, ROOT_UNIT))

    with pytest.raises(RefusalError, match="own rights"):
        check_grant(giver, giver.id, Grant(Role.STATISTICIAN, DISTRICT))


def test_rights_are_given_only_where_one_keeps_the_accounts():
    giver = officer(Grant(Role.ADMINISTRATOR, DISTRICT))

    check_grant(giver, "b", Grant(Role.TRACER, COMMUNE))
    with pytest.raises(RefusalError, match="not yours"):
        check_grant(giver, "b", Grant(Role.TRACER, ROOT_UNIT))


def test_rights_beyond_ones_own_and_the_right_to_approve_take_two_officers():
    giver = officer(Grant(Role.ADMINISTRATOR, DISTRICT))

    assert not needs_second_officer(giver, Role.STATISTICIAN, COMMUNE)
    assert needs_second_officer(giver, Role.EPIDEMIOLOGIST, COMMUNE)
    # Else one person could be both pairs of eyes.
    assert needs_second_officer(giver, Role.ADMINISTRATOR, COMMUNE)


def test_the_highest_unit_of_a_right_is_found():
    held = officer(
        Grant(Role.ADMINISTRATOR, COMMUNE),
        Grant(Role.ADMINISTRATOR, DISTRICT),
        Grant(Role.TRACER, ROOT_UNIT),
    )

    assert highest_unit(held, writes(Area.ACCOUNTS)) == DISTRICT
    assert highest_unit(held, writes(Area.KEYS)) == DISTRICT
    assert highest_unit(held, writes(Area.VENUES)) is None


@pytest.mark.parametrize(
    ("units", "common"),
    [
        ([COMMUNE], COMMUNE),
        ([COMMUNE, DISTRICT], DISTRICT),
        ([COMMUNE, NEXT_DOOR], Unit("10", "root/10/")),
        ([COMMUNE, ROOT_UNIT], ROOT_UNIT),
    ],
)
def test_the_unit_above_several(units, common):
    assert common_unit(units) == common


def test_the_documented_table_of_rights_is_the_one_that_counts():
    page = Path(__file__).parents[4] / "docs" / "reference" / "console.md"
    lines = page.read_text("utf-8").splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("| area |"))
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[begin : begin + 2 + len(Area)]
    ]
    names = {Level.NONE: "", Level.READ: "read", Level.WRITE: "write"}

    assert cells[0] == ["area", *Role]
    assert {row[0]: row[1:] for row in cells[2:]} == {
        area: [names[level_of(role, area)] for role in Role] for area in Area
    }
