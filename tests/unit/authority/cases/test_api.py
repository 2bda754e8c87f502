"""Cases over HTTP, as an officer's program uses them."""

import pytest
from console_world import add_person

from proximity.authority.accounts.four_eyes import Verdict, decide
from proximity.authority.accounts.model import Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.api_error import ApiError
from proximity.authority.cases.api import parse_after, parse_day, parse_fields
from proximity.authority.cases.deeds import WITHDRAW
from proximity.authority.service.app import ServiceApp


@pytest.fixture
def authority(make_authority):
    return make_authority()


@pytest.fixture
def call(authority, founded, ask):
    app = ServiceApp(authority, {})

    def put(path: str, body=None, *, kind: str = "admin", status: int = 200):
        headers = {"X-API-Key": getattr(founded, f"{kind}_key")}
        answer = ask(app, f"/api/cases{path}", body, headers)
        assert answer.status == status, answer.body
        return answer.json

    return put


CASE = {"unit": "02653", "classification": "F0", "onset": "2026-05-25"}


def test_a_case_goes_from_onset_to_the_end_of_its_chain(call):
    case = call("", CASE)
    assert (case["from"], case["to"]) == ("2026-05-22", "2026-06-04")
    changed = call(
        f"/{case['ref']}", {"fields": {"isolated": "2026-05-26"}, "version": 1}
    )
    assert (changed["to"], changed["version"]) == ("2026-05-26", 2)

    body = {"fields": {"unit": "02653"}, "first": "2026-05-24", "last": "2026-05-24"}
    contact = call(f"/{case['ref']}/contacts", body)
    assert (contact["classification"], contact["origin"]) == ("F1", "interview")
    (met,) = call(f"/{case['ref']}/chain")["contacts"]
    assert (met["ref"], met["counted"]) == (contact["ref"], True)
    assert {"vi", "en"} == set(met["why"])

    read = call(f"/{case['ref']}")
    assert [e["kind"] for e in read["timeline"]] == ["created", "changed", "edge"]
    assert read["completeness"] > contact["completeness"]
    assert call(f"/{case['ref']}/duplicates") == {"duplicates": []}


def test_lists_are_filtered_and_go_on(call):
    refs = [call("", CASE | {"assigned": f"o{n}@x.org"})["ref"] for n in range(52)]

    page = call("?classification=F0")
    rest = call(f"?classification=F0&after={page['after']}")
    listed = [case["ref"] for case in (*page["cases"], *rest["cases"])]
    assert sorted(listed) == sorted(refs)
    assert rest["after"] is None
    (one,) = call("?assigned=o7@x.org")["cases"]
    assert one["ref"] == refs[7]
    assert len(call("/worklist")["cases"]) == 52


def test_a_token_is_shown_once_and_holds_for_the_infectious_days(call):
    ref = call("", CASE)["ref"]
    made = call(f"/{ref}/token", {})

    assert (made["first"], made["last"]) == ("2026-05-22", "2026-05-27")
    assert made["token"] not in str(call(f"/{ref}"))


def test_two_records_are_merged(call):
    one, two = call("", CASE)["ref"], call("", CASE | {"test": "2026-05-26"})["ref"]

    assert call(f"/{one}/merge", {"other": two})["ref"] == two
    figures = call("/indicators?first=2026-05-01&last=2026-05-31")
    assert (figures["cases"], figures["share_traced"]) == (1, None)


def test_a_program_asks_for_a_withdrawal_and_another_officer_decides(
    call, authority, world
):
    def someone(role: Role):
        person = add_person(world, role, world.units["02641"])
        with authority.engine.connect() as connection:
            return load_officer(connection, person.id)

    ref = call("", CASE | {"unit": "02641"})["ref"]
    doctor = someone(Role.EPIDEMIOLOGIST)
    tracer = someone(Role.TRACER)
    for officer in (tracer.id, "0" * 16):
        call(f"/{ref}/withdraw", {"officer": officer}, status=403)
    call(f"/{ref}/withdraw", {}, status=400)
    asked = call(f"/{ref}/withdraw", {"officer": doctor.id}, status=202)["request"]
    assert call(f"/{ref}")["status"] == "open"

    deeds = {WITHDRAW.kind: WITHDRAW}
    with pytest.raises(RefusalError):
        decide(authority, doctor, asked, Verdict.APPROVE, deeds=deeds)
    supervisor = someone(Role.SUPERVISOR)
    decide(authority, supervisor, asked, Verdict.APPROVE, deeds=deeds)
    assert call(f"/{ref}")["status"] == "withdrawn"
    call(f"/{ref}/withdraw", {"officer": doctor.id}, status=409)


def test_refusals_name_a_code(call):
    ref = call("", CASE)["ref"]
    for path, body, status in (
        ("", {"unit": "02653"}, 400),
        ("", CASE | {"onset": "25.5."}, 400),
        ("", [], 400),
        (f"/{ref}", {"fields": {}, "extra": 1}, 400),
        (f"/{ref}", {"fields": {"status": "completed"}}, 409),
        ("/NOSUCHREF", {"fields": {}}, 404),
        ("?after=x", None, 400),
        ("/indicators?first=a&last=b", None, 400),
    ):
        assert "errorCode" in call(path, body, status=status)


def test_the_key_of_a_device_opens_no_case(call):
    for path, body in (("", None), ("", CASE), ("/worklist", None), ("/lines", None)):
        call(path, body, kind="device", status=401)


def test_days_and_places_are_parsed_strictly():
    assert parse_fields({"onset": "", "unit": "x"}) == {"onset_day": "", "unit": "x"}
    assert parse_after("12.AB") == (12, "AB")
    assert parse_after(None) is None
    for work in (lambda: parse_day(None), lambda: parse_after("12.;DROP")):
        with pytest.raises(ApiError):
            work()
