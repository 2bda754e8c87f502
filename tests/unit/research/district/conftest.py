"""A district without a service: what its officers do is noted."""

from types import SimpleNamespace

import numpy as np
import pytest

from proximity.research.district.agenda import Agenda
from proximity.research.district.outbreak import Chance
from proximity.research.district.stories import District

START_S = 20_600 * 86_400


class Desk:
    """Notes what an officer sees and does."""

    def __init__(self, officer, noted) -> None:
        self.officer = officer
        self._noted = noted

    def see(self, path):
        self._noted.append(("see", path))
        return ""

    def do(self, path, fields):
        self._noted.append(("do", path, dict(fields)))
        return ""


class Office:
    """Officers who note what they are told to do."""

    authority = "authority"

    def __init__(self) -> None:
        self.noted = []
        self.closed = set()

    def desk(self, role, unit, place=0):
        return Desk(f"{role}@{unit}", self.noted)

    def epidemiologist(self, place):
        return self.desk("epidemiologist", f"m0-1#{place % 2}")

    def add_case(self, desk, classification, person, unit, *, days):
        self.noted.append(("add", classification, unit))
        return f"R{len(self.noted)}"

    def change(self, desk, ref, fields):
        self.noted.append(("change", ref, dict(fields)))

    def classify(self, ref, fields):
        self.noted.append(("classify", ref, dict(fields)))

    def issue_code(self, desk, unit, days):
        self.noted.append(("code", unit))
        return "12345678"

    def ask_to_share(self, desk, ref, *, source="", warn=False):
        self.noted.append(("token", ref, source))
        return "TOKEN"

    def name_contact(self, desk, ref, person, unit, *, days):
        self.noted.append(("name", ref, days))
        return f"N{len(self.noted)}"

    def is_open(self, ref):
        return ref not in self.closed

    def newest_offer(self, ref):
        return "offer"

    def newest_request(self, kind):
        return f"request-{kind}"

    def known_cases(self, count):
        return [f"C{n}" for n in range(count)]


class Device:
    """A phone that notes what its owner does."""

    def __init__(self, office) -> None:
        self.office = office
        self.close = True

    def carry(self, days):
        self.days = days

    def listen(self, heard, scans):
        self.office.noted.append(("listen", len(list(heard))))

    def report(self, code, days, *, now_s):
        self.office.noted.append(("report", code))

    def mistype(self, code):
        self.office.noted.append(("mistype", code))

    def share(self, token, *, warn, now_s):
        self.office.noted.append(("share", token))
        return SimpleNamespace(close=self.close)


@pytest.fixture
def office():
    return Office()


@pytest.fixture
def new_device(office):
    return lambda: Device(office)


@pytest.fixture
def district(office, new_device):
    agenda = Agenda(START_S, START_S + 30 * 86_400)
    chance = Chance(np.random.default_rng(0))
    return District(agenda, office, chance, new_device)
