"""What the page of one case shows, and what it lets people do."""

import re

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.cases.case_sheet import told
from proximity.authority.cases.events import Event
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case

HERE, THERE = "02641", "02635"


@pytest.fixture
def authority(console_authority):
    return console_authority


@pytest.fixture
def doctor(someone):
    return someone(Role.EPIDEMIOLOGIST, HERE)


@pytest.fixture
def contact(authority) -> str:
    with authority.engine.begin() as connection:
        return create_case(
            connection,
            Scope("test"),
            {"unit": HERE, "classification": "F1"},
            policy=TracingPolicy(),
            now_s=authority.now_s,
            entropy=authority.entropy,
        )


class Speaker:
    """A visit as far as words go: messages say their own name."""

    language = "vi"

    def t(self, message: str, **values: object) -> str:
        return message + "".join(f" {value}" for value in values.values())


def page(officer, ref: str, language: str = "en") -> str:
    return officer.browser.get(f"/console/cases/{ref}?lang={language}").text


def act(officer, ref: str, name: str, **fields):
    return officer.browser.post(f"/console/cases/{ref}/{name}?lang=en", fields)


def test_the_last_change_is_undone_by_its_officer_from_the_page(
    someone, doctor, contact
):
    assert act(doctor, contact, "change", call_result="refused").status == 303
    assert "Undo my last change" in page(doctor, contact)
    assert "Undo my" not in page(someone(Role.TRACER, HERE), contact)

    done = act(doctor, contact, "undo", version="2")
    assert done.header("location").endswith("?done=cases.undone")
    assert "Undo my last change" not in page(doctor, contact)
    assert act(doctor, contact, "undo", version="3").status == 409


def test_an_offer_is_shown_and_taken_back(someone, doctor, contact):
    assert act(doctor, contact, "transfer", unit=THERE).status == 303
    assert "Waits for Phường Duyên Hải" in page(doctor, contact)
    other = someone(Role.EPIDEMIOLOGIST, THERE)
    today = other.browser.get("/console/today?lang=en").text
    assert "<strong>1</strong>cases offered to your units" in today

    assert act(doctor, contact, "keep").status == 303
    assert "Waits for" not in page(doctor, contact)
    assert contact not in other.browser.get("/console/worklist").text
    assert act(doctor, contact, "keep").status == 409


def test_work_is_given_to_those_who_may_do_it_by_their_names(someone, doctor, contact):
    tracer, elsewhere = someone(Role.TRACER, HERE), someone(Role.TRACER, THERE)
    statistician = someone(Role.STATISTICIAN, HERE)
    choices = re.search(r'<select id="c-assigned".*?</select>', page(doctor, contact))

    assert f'value="{tracer.officer.id}"' in choices[0]
    for nobody in (elsewhere, statistician):
        assert nobody.officer.id not in choices[0]
        refused = act(doctor, contact, "change", assigned=nobody.officer.id)
        assert (refused.status, "No such officer" in refused.text) == (400, True)
    assert act(doctor, contact, "change", assigned=tracer.officer.id).status == 303
    assert contact in tracer.browser.get("/console/cases?mine=yes").text
    assert contact not in doctor.browser.get("/console/cases?mine=yes").text


def test_only_states_are_offered_to_which_a_case_can_go(doctor, contact):
    choices = re.search(r'<select id="c-status".*?</select>', page(doctor, contact))[0]

    assert re.findall(r'value="([a-z]+)"', choices) == [
        "open",
        "reached",
        "followed",
        "lost",
        "dismissed",
    ]


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            Event("changed", "a", 1, {"onset_day": [None, 20_600]}),
            ["case.day.onset: case.empty → 27/05/2026"],
        ),
        (
            Event("undone", "a", 1, {"status": ["lost", "open"]}),
            ["case.choice.status: case.status.lost → case.status.open"],
        ),
        (Event("changed", "a", 1, {"assigned": ["x", "y"]}), ["case.field.assigned"]),
        (Event("changed", "a", 1, {"to_day": [5, 5]}), []),
        (Event("created", "a", 1, {"origin": "venue"}), ["case.origin.venue"]),
        (Event("offered", "a", 1, {"to": "u"}), ["Unit"]),
        (Event("transferred", "a", 1, {"from": "u", "to": "gone"}), ["gone"]),
        (Event("merged", "a", 1, {"with": "REF"}), ["REF"]),
        (
            Event("edge", "a", 1, {"target": "REF", "origin": "bluetooth"}),
            ["REF · case.origin.bluetooth"],
        ),
        (Event("edge", "a", 1, {"target": "REF"}), ["REF · case.origin.bluetooth"]),
        (
            Event("shared", "person", 1, {"keys": 3, "heard": 9, "verdict": "mutual"}),
            ["case.shared 3 9"],
        ),
        (Event("token", "a", 1, {"days": [1, 2], "source": None}), []),
    ],
)
def test_an_event_is_told_in_words(event, lines):
    assert told(Speaker(), event, {"u": "Unit"})["lines"] == lines
