"""Officers: made, found, given rights, locked."""

import pytest

from proximity.authority.accounts.model import Role, officers
from proximity.authority.accounts.officers import (
    NewOfficer,
    add_officer,
    check_email,
    find_account,
    give_role,
    is_alone,
    load_officer,
    lock_account,
    locked_in,
    officer_names,
    search_accounts,
    take_role,
    unlock_account,
)
from proximity.authority.accounts.refusal import RefusalError

EVERYBODY = officers.c.id.is_not(None)


def new(**fields):
    values = {"id": "1", "email": "B@example.org", "name": "Bình", "unit": "02641"}
    return NewOfficer(**(values | fields))


@pytest.fixture
def connection(world):
    with world.authority.engine.begin() as opened:
        yield opened


@pytest.mark.parametrize("email", ["", "nobody", "a@", "@b", "a b@c", "a@b@c"])
def test_what_is_no_address_is_refused(email):
    with pytest.raises(RefusalError, match="e-mail"):
        check_email(email)


def test_a_new_officer_has_no_right(connection):
    add_officer(connection, new(), 1)

    officer = load_officer(connection, "1")
    assert (officer.email, officer.grants) == ("b@example.org", ())
    assert officer.unit.path == "root/10/080/02641/"


def test_an_address_is_used_once_whatever_its_case(connection):
    add_officer(connection, new(), 1)

    with pytest.raises(RefusalError, match="Somebody"):
        add_officer(connection, new(id="2", email="b@EXAMPLE.org"), 1)


@pytest.mark.parametrize("name", ["", "x" * 121])
def test_a_name_has_its_bounds(connection, name):
    with pytest.raises(RefusalError, match="name"):
        add_officer(connection, new(name=name), 1)


def test_a_role_is_given_once_and_taken(connection):
    add_officer(connection, new(), 1)
    give_role(connection, "1", Role.TRACER, "02641")
    give_role(connection, "1", Role.TRACER, "02641")
    assert len(load_officer(connection, "1").grants) == 1
    take_role(connection, "1", Role.TRACER, "02641")

    assert load_officer(connection, "1").grants == ()


def test_who_is_locked_is_nobody_until_unlocked(connection):
    add_officer(connection, new(), 1)
    lock_account(connection, "1", "root", 5)
    assert load_officer(connection, "1") is None
    assert find_account(connection, "1").disabled_s == 5
    assert locked_in(connection, "1").id == "root"
    unlock_account(connection, "1")

    assert load_officer(connection, "1") is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [("binh do", 1), ("BÌNH", 1), ("B@EX", 1), ("lan", 0), ("", 1), ("%", 0), ("_", 0)],
)
def test_people_are_found_by_part_of_name_or_address(connection, text, found):
    add_officer(connection, new(name="Đỗ Thị Bình"), 1)

    assert len(search_accounts(connection, EVERYBODY, text)) == found


def test_one_is_alone_until_two_have_been_set_up_and_never_again(connection):
    add_officer(connection, new(), 1)
    add_officer(connection, new(id="2", email="c@example.org"), 1)
    assert is_alone(connection)
    connection.execute(officers.update().values(enrolled_s=1))
    assert not is_alone(connection)
    lock_account(connection, "2", "root", 5)

    assert not is_alone(connection)


def test_names_are_looked_up_together(connection):
    add_officer(connection, new(), 1)

    assert officer_names(connection, {"1", "none"}) == {"1": "Bình"}


def test_nothing_shy_is_in_a_repr(connection):
    add_officer(connection, new(), 1)

    assert "Bình" not in repr(new()) + repr(find_account(connection, "1"))
