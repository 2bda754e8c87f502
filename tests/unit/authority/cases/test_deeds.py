"""A publication is taken back by two officers, and only where the case still is."""

import pytest

from proximity.authority.accounts.four_eyes import (
    Names,
    Verdict,
    Wish,
    ask_for,
    decide,
    find_request,
)
from proximity.authority.accounts.model import Role, Unit
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.api_error import ApiError
from proximity.authority.cases.deeds import WITHDRAW, check_withdrawable
from proximity.authority.cases.model import cases
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case

COMMUNE = "02641"
DEEDS = {WITHDRAW.kind: WITHDRAW}


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def case(authority) -> str:
    given = {"unit": COMMUNE, "classification": "F0"}
    with authority.engine.begin() as connection:
        return create_case(
            connection,
            Scope("test"),
            given,
            policy=TracingPolicy(),
            now_s=authority.now_s,
            entropy=authority.entropy,
        )


@pytest.fixture
def request_id(authority, console, someone, case) -> str:
    doctor = someone(Role.EPIDEMIOLOGIST, COMMUNE).officer
    unit: Unit = console.world.units[COMMUNE]
    with authority.engine.begin() as connection:
        return ask_for(connection, authority, doctor, Wish(WITHDRAW, unit, case, {}))


def state(authority, case) -> str:
    with authority.engine.connect() as connection:
        return (
            connection.execute(cases.select().where(cases.c.ref == case))
            .mappings()
            .one()["status"]
        )


def test_it_is_done_when_another_officer_agrees(authority, someone, case, request_id):
    supervisor = someone(Role.SUPERVISOR, COMMUNE).officer
    with authority.engine.begin() as connection:
        asked = find_request(connection, request_id)
    said = WITHDRAW.describe(asked, Names({}, {COMMUNE: "Phường Cốc Lếu"}))
    assert said == {"ref": case, "unit": "Phường Cốc Lếu"}
    assert state(authority, case) == "open"

    decide(authority, supervisor, request_id, Verdict.APPROVE, deeds=DEEDS)
    assert state(authority, case) == "withdrawn"


def test_nobody_agrees_with_themselves(authority, someone, case, request_id):
    doctor = someone(Role.EPIDEMIOLOGIST, COMMUNE).officer

    with pytest.raises(RefusalError):
        decide(authority, doctor, request_id, Verdict.APPROVE, deeds=DEEDS)
    assert state(authority, case) == "open"


def test_a_case_that_went_elsewhere_meanwhile_stays(
    authority, someone, case, request_id
):
    supervisor = someone(Role.SUPERVISOR, COMMUNE).officer
    with authority.engine.begin() as connection:
        connection.execute(cases.update().values(unit="02635"))

    with pytest.raises(RefusalError):
        decide(authority, supervisor, request_id, Verdict.APPROVE, deeds=DEEDS)
    assert state(authority, case) == "open"


def test_only_a_case_that_stands_can_be_asked_for(authority, case):
    here = Scope("a", frozenset({COMMUNE}))
    with authority.engine.begin() as connection:
        assert check_withdrawable(connection, here, case) == COMMUNE
        for values, code in (
            ({"classification": "F1"}, "nothing_to_withdraw"),
            ({"classification": "F0", "status": "merged"}, "invalid_state"),
        ):
            connection.execute(cases.update().values(**values))
            with pytest.raises(ApiError) as raised:
                check_withdrawable(connection, here, case)
            assert raised.value.code == code
