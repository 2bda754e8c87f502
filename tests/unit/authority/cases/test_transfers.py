"""A case goes to another unit when that unit accepts it, in a package sealed for it."""

import pytest

from proximity.authority.accounts.model import ROOT
from proximity.authority.accounts.organisations import add_organisation
from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import timeline
from proximity.authority.cases.model import transfers
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case, read_case
from proximity.authority.cases.transfers import (
    decide_offer,
    list_offers,
    offer_transfer,
    read_offer,
)
from proximity.errors import StoreError

HERE = Scope("here@example.org", frozenset({"010"}))
THERE = Scope("there@example.org", frozenset({"020"}))
AWAY = Scope("away@example.org", frozenset({"030"}))


@pytest.fixture
def authority(make_authority):
    return make_authority()


@pytest.fixture
def connection(authority):
    """Return a transaction on a database with three units."""
    with authority.engine.connect() as connection:
        transaction = connection.begin()
        for unit in ("010", "020", "030"):
            add_organisation(connection, unit, "province", unit, parent=ROOT)
        yield connection
        transaction.rollback()


@pytest.fixture
def case(authority, connection) -> str:
    given = {"unit": "010", "classification": "F1", "assigned": "here@example.org"}
    return create_case(
        connection,
        HERE,
        given,
        policy=TracingPolicy(),
        now_s=authority.now_s,
        entropy=authority.entropy,
    )


@pytest.fixture
def offer(authority, connection, case) -> str:
    return offer_transfer(connection, HERE, case, "020", authority=authority)


def code_of(work) -> str:
    with pytest.raises(ApiError) as raised:
        work()
    return raised.value.code


def test_a_case_stays_until_the_other_unit_accepts_it(
    *, authority, connection, case, offer
):
    assert read_case(connection, HERE, case)["unit"] == "010"
    assert [o["ref"] for o in list_offers(connection, THERE)] == [case]

    decide_offer(connection, THERE, offer, accept=True, authority=authority)
    moved = read_case(connection, THERE, case)
    assert (moved["unit"], moved["assigned"]) == ("020", None)
    assert code_of(lambda: read_case(connection, HERE, case)) == "not_found"
    assert timeline(connection, case)[-1].kind == "transferred"
    assert list_offers(connection, THERE) == []


def test_a_case_that_is_declined_stays(*, authority, connection, case, offer):
    decide_offer(connection, THERE, offer, accept=False, authority=authority)

    assert read_case(connection, HERE, case)["unit"] == "010"
    assert timeline(connection, case)[-1].kind == "declined"


def test_only_the_unit_it_is_offered_to_opens_the_package(
    *, authority, connection, case, offer
):
    package = read_offer(connection, THERE, offer, authority=authority)
    assert package["schema"] == "proximity/case-transfer/v1"
    assert package["case"]["ref"] == case
    assert "assigned" not in package["case"]
    for scope in (HERE, AWAY):
        work = lambda s=scope: read_offer(  # noqa: E731 - once
            connection, s, offer, authority=authority
        )
        assert code_of(work) == "not_found"
        decide = lambda s=scope: decide_offer(  # noqa: E731 - once
            connection, s, offer, accept=True, authority=authority
        )
        assert code_of(decide) == "not_found"


def test_a_package_that_was_changed_or_redirected_does_not_open(
    *, authority, connection, case, offer
):
    (row,) = connection.execute(transfers.select()).mappings()
    assert case.encode() not in bytes(row["sealed"])
    connection.execute(transfers.update().values(to_unit="030"))

    with pytest.raises(StoreError):
        read_offer(connection, AWAY, offer, authority=authority)


def test_what_cannot_be_offered_is_refused(*, authority, connection, case, offer):
    def code(unit: str) -> str:
        return code_of(
            lambda: offer_transfer(connection, HERE, case, unit, authority=authority)
        )

    assert code("020") == "already_offered"
    assert code("010") == "invalid_state"
    assert code("999") == "no_such_unit"


def test_an_offer_is_decided_once(*, authority, connection, case, offer):
    decide_offer(connection, THERE, offer, accept=False, authority=authority)
    work = lambda: decide_offer(  # noqa: E731 - once
        connection, THERE, offer, accept=True, authority=authority
    )

    assert code_of(work) == "not_found"


def test_who_may_not_change_cases_takes_none_over(authority, connection):
    given = {"unit": "010", "classification": "F0"}
    world = {"policy": TracingPolicy(), "now_s": authority.now_s}
    case = create_case(connection, HERE, given, entropy=authority.entropy, **world)
    number = offer_transfer(connection, HERE, case, "020", authority=authority)
    tracer = Scope("t@example.org", frozenset({"020"}), frozenset())

    work = lambda: decide_offer(  # noqa: E731 - once
        connection, tracer, number, accept=True, authority=authority
    )
    assert code_of(work) == "not_allowed"
    assert read_case(connection, HERE, case)["unit"] == "010"
