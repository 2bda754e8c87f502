"""What officers do in the console is in the same chain."""

from console_world import World, add_person, add_units
from sqlalchemy import select

from proximity.authority.accounts.model import Role
from proximity.authority.audit.deeds import deed_audit
from proximity.authority.audit.model import audit


def rows(authority):
    with authority.engine.connect() as connection:
        return connection.execute(select(audit).order_by(audit.c.seq)).all()


def test_a_deed_is_a_line_of_who_where_and_what(authority):
    world = World(authority, add_units(authority))
    person = add_person(world, Role.SUPERVISOR, world.units["080"])
    note = deed_audit(authority)
    with authority.engine.begin() as connection:
        note(connection, person.id, "account.reset-ask", subject="0f3a")

    (line,) = rows(authority)
    assert (line.actor, line.unit, line.action) == (person.id, "080", "deed")
    assert line.fields == "account.reset-ask,0f3a"


def test_what_is_no_id_cannot_pretend_to_be_another_field(authority):
    note = deed_audit(authority)
    with authority.engine.begin() as connection:
        note(connection, "", "session.end", subject="a,b\n" + "c" * 500)

    (line,) = rows(authority)
    assert line.actor == "service"
    assert line.fields.count(",") == 1
    assert len(line.fields) < 255


def test_a_deed_that_is_rolled_back_leaves_no_line(authority):
    note = deed_audit(authority)
    with authority.engine.connect() as connection, connection.begin() as begun:
        note(connection, "", "session.end", subject="x")
        begun.rollback()

    assert rows(authority) == []
