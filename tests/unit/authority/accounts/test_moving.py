"""Somebody works elsewhere, and their roles with them."""

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.moving import (
    move_needs_second_officer,
    move_officer,
)
from proximity.authority.accounts.officers import give_role, load_officer
from proximity.authority.accounts.refusal import RefusalError


def test_roles_of_the_old_unit_are_held_in_the_new_one_others_stay(world, someone):
    lan = someone(Role.TRACER, "02641").officer
    with world.authority.engine.begin() as connection:
        give_role(connection, lan.id, Role.STATISTICIAN, "10")
        move_officer(connection, lan.id, "02641", "03001")
        moved = load_officer(connection, lan.id)

    assert moved.unit == world.units["03001"]
    assert {(each.role, each.unit.id) for each in moved.grants} == {
        (Role.TRACER, "03001"),
        (Role.STATISTICIAN, "10"),
    }


@pytest.mark.parametrize(("home", "to"), [("02635", "03001"), ("02641", "none")])
def test_who_is_not_there_or_goes_nowhere_is_not_moved(world, someone, home, to):
    lan = someone(Role.TRACER, "02641").officer
    with world.authority.engine.begin() as connection, pytest.raises(RefusalError):
        move_officer(connection, lan.id, home, to)


def test_four_eyes_are_for_roles_that_the_mover_could_not_give(world, someone):
    admin = someone(Role.ADMINISTRATOR, "10").officer
    home, to = world.units["02641"], world.units["03001"]

    def needed(role, unit="02641"):
        held = someone(role, unit).officer.grants
        return move_needs_second_officer(admin, held, home, to)

    assert [needed(Role.TRACER), needed(Role.STATISTICIAN)] == [True, False]
    # What is held elsewhere stays as it is.
    assert not needed(Role.TRACER, "02635")
