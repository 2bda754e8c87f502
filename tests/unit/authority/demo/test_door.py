"""By what the door of a demonstration opens."""

from proximity.authority.accounts.model import Role, officers
from proximity.authority.database import reading
from proximity.authority.demo.door import DemoDoor, list_parts, make_door


def test_a_door_opens_with_its_own_key_alone(authority):
    door, other = make_door(authority), make_door(authority)

    assert door.opens_with(door.key)
    assert not door.opens_with(other.key)
    assert not door.opens_with("")
    assert door.key not in repr(door)


def test_a_link_names_key_and_officer():
    door = DemoDoor("00ff", "")

    assert door.address("0011") == "/console/demo/enter?key=00ff&as=0011"


def test_the_receipt_is_of_somebody_whom_the_authority_knows(authority, add_person):
    assert make_door(authority).receipt == ""

    add_person()

    assert len(make_door(authority).receipt.replace("-", "")) == 12


def test_parts_are_those_who_are_set_up_the_highest_unit_first(someone, authority):
    low = someone(Role.TRACER, "02641").person
    high = someone(Role.SUPERVISOR).person
    gone = someone(Role.AUDITOR).person
    with authority.engine.begin() as connection:
        locked = officers.update().where(officers.c.id == gone.id)
        connection.execute(locked.values(disabled_s=1))

    with reading(authority.engine) as connection:
        parts = list_parts(connection)

    assert [part.officer for part in parts] == [high.id, low.id]
    assert parts[1].unit == "Phường Cốc Lếu"
