"""The page of retention: what goes when, in one's own units."""

import re

from console_world import COMMUNES

from proximity.authority.accounts.model import Role
from proximity.authority.people.model import PersonKind


def test_a_superior_sees_what_goes_when(add_person, someone, clock):
    for _ in range(3):
        add_person(unit="02641", kind=PersonKind.CONTACT, name="Lê An")
    add_person(unit="03001", name="Trần Bình")
    browser = someone(Role.SUPERVISOR, "080").browser
    seen = browser.get("/console/retention?lang=en").text

    assert "Case (F0): kept 30 days" in seen
    assert "17 Jun 2026" in seen
    assert ">3</td>" in seen
    assert COMMUNES["02641"][1] in seen
    assert COMMUNES["03001"][1] not in seen
    assert "Lê An" not in seen
    assert '<span class="tag bad">due</span>' not in seen
    clock.now_s += 21 * 86_400
    later = someone(Role.SUPERVISOR, "088").browser.get("/console/retention?lang=en")
    assert "26 Jun 2026" in later.text


def test_a_superior_looks_at_one_unit_or_at_those_below_it(add_person, someone):
    add_person(unit="02641", name="Lê An")
    add_person(unit="03001", name="Trần Bình")

    def days(browser, unit):
        seen = browser.get(f"/console/retention?unit={unit}").text
        return [int(n) for n in re.findall(r'<td class="n"[^>]*>(\d+)</td>', seen)]

    whole = someone(Role.SUPERVISOR, "10").browser
    assert [days(whole, unit) for unit in ("", "080", "02641")] == [[2], [1], [1]]
    assert days(whole, "02635") == days(whole, "nowhere") == []
    part = someone(Role.SUPERVISOR, "080").browser
    assert (days(part, ""), days(part, "03001")) == ([1], [])


def test_an_authority_without_persons_has_an_empty_page(someone):
    seen = someone(Role.AUDITOR).browser.get("/console/retention?lang=en").text

    assert "No record goes in the next 30 days." in seen
