"""The doors of a person to their record, as an application answers them."""

import re

import pytest
from sqlalchemy import select

from proximity.authority.cases.model import cases, shared_keys
from proximity.authority.people.citizen import issue_receipt
from proximity.authority.service.app import ServiceApp


@pytest.fixture
def door(authority, ask):
    """Return what asks the doors of a citizen."""
    app = ServiceApp(authority, {})

    def put(name, body=None, token=None):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return ask(app, f"/api/citizen/{name}", body or {}, headers)

    return put


@pytest.fixture
def receipt(authority, add_person) -> str:
    person = add_person(name="Lê An", phone="0912345678")
    with authority.engine.begin() as connection:
        return issue_receipt(authority, connection, person)


@pytest.fixture
def token(authority, door, receipt) -> str:
    door("code", {"receipt": receipt})
    code = re.search(r"\d{8}", authority.messenger.messages[-1][1])[0]
    answer = door("session", {"receipt": receipt, "code": code})
    assert answer.status == 200
    return answer.json["token"]


def test_the_whole_way_of_a_person(authority, door, token):
    record = door("record", token=token).json
    assert record["values"] == {"name": "Lê An", "phone": "+84912345678"}
    assert (record["kind"], record["forgottenOn"]) == ("case", "2026-06-26")

    changes = {"values": {"name": "Lê Ân"}}
    assert door("correct", changes, token).json == {"corrected": ["name"]}
    readings = door("readings", {}, token).json["readings"]
    assert [each["action"] for each in readings] == ["correct", "read", "read"]
    assert readings[0]["reason"]["vi"] == "Theo yêu cầu của người dân"
    assert door("erase", {}, token).json == {"erased": True, "on": None}
    assert door("record", token=token).status == 401


def test_what_cases_hold_is_part_of_the_record_and_goes_with_it(
    authority, case_of_person, door, token
):
    ref = case_of_person("F0")
    (held,) = door("record", token=token).json["cases"]
    assert (held["ref"], held["classification"], held["onset"]) == (ref, "F0", None)
    assert held["shared"]["keys"] == 1
    assert held["shared"]["forgottenOn"] == "2026-06-06"

    assert door("erase", {}, token).json["erased"] is True
    with authority.engine.connect() as connection:
        assert connection.execute(shared_keys.select()).all() == []
        assert connection.execute(select(cases.c.person)).scalar() is None


def test_a_receipt_that_is_unknown_is_answered_like_a_known_one(
    authority, door, receipt
):
    known, unknown = (door("code", {"receipt": r}) for r in (receipt, "AAAA-BBBB"))

    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert known.status == 202
    assert len(authority.messenger.messages) == 1


BAD_REQUESTS = [
    ("code", {}, 400),
    ("code", {"receipt": "x" * 65}, 400),
    ("session", {"receipt": "x", "code": 12345678}, 400),
    ("session", {"receipt": "x", "code": "12345678"}, 401),
    ("record", {}, 401),
    ("erase", {}, 401),
    ("readings", {"before": -1}, 400),
    ("correct", {"values": {"shoe": "x"}}, 400),
    ("correct", {"values": {"name": "x" * 70_000}}, 413),
    ("correct", b"\xff\xfe not utf-8", 400),
    ("correct", b'{"values": {"name": "\\ud800"}}', 400),
]


def test_bad_requests_are_named(door):
    answers = [(name, body, door(name, body).status) for name, body, _ in BAD_REQUESTS]

    assert answers == BAD_REQUESTS


def test_hostile_values_are_refused_and_change_nothing(door, token):
    for name in ("\0", "\u202eAn", "V\u0430n", "x" * 200):
        answer = door("correct", {"values": {"name": name}}, token)
        assert (answer.status, answer.json["errorCode"]) == (400, "invalid_person")

    assert door("record", token=token).json["values"]["name"] == "Lê An"


def test_a_client_that_guesses_is_stopped(door, receipt):
    answers = [
        door("session", {"receipt": receipt, "code": f"{n:08}"}).status
        for n in range(22)
    ]

    assert answers == [401] * 20 + [429] * 2
