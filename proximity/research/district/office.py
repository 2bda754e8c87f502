"""What officers do in the console, form by form, and what they learn from it."""

import html
import json
import re
from collections.abc import Mapping

import numpy as np
from sqlalchemy import Select, select

from proximity.authority.accounts.model import Role, approvals
from proximity.authority.assembly import Authority
from proximity.authority.cases.model import case_events, cases, transfers
from proximity.authority.cases.rules import ENDED
from proximity.authority.database import reading
from proximity.authority.people.model import NewPerson, PersonField, PersonKind
from proximity.authority.people.records import add_people
from proximity.errors import DemonstrationError
from proximity.research.district.doors import Desk, Doors
from proximity.research.district.places import COMMUNES, DISTRICT, Invented
from proximity.units import iso_day

_CODE = re.compile(r"data-code>([0-9 ]+)<")
_TOKEN = re.compile(r'<p class="code words">([^<]+)<')


class Office:
    """The officers of the district at their desks.

    Parameters
    ----------
    doors : Doors
    staff : mapping of (Role, str) to list of str
        IDs of accounts by role and unit.
    admin_key : str
        By which officers' programs ask.
    generator : np.random.Generator
        Draws the handles of codes.
    """

    def __init__(
        self,
        doors: Doors,
        staff: Mapping[tuple[Role, str], list[str]],
        admin_key: str,
        generator: np.random.Generator,
    ) -> None:
        self._doors = doors
        self._staff = staff
        self._admin_key = admin_key
        self._generator = generator
        self._desks: dict[str, Desk] = {}

    @property
    def authority(self) -> Authority:
        """The authority that they work for."""
        return self._doors.authority

    def desk(self, role: Role, unit: str, place: int = 0) -> Desk:
        """Return the desk of the n-th officer of a role in a unit."""
        there = self._staff[role, unit]
        officer = there[place % len(there)]
        if officer not in self._desks:
            self._desks[officer] = Desk(self._doors, officer)
        return self._desks[officer]

    def epidemiologist(self, place: int) -> Desk:
        """Return the desk of one of the district's epidemiologists."""
        return self.desk(Role.EPIDEMIOLOGIST, DISTRICT, place)

    def add_case(
        self,
        desk: Desk,
        classification: str,
        person: Invented,
        unit: str,
        *,
        days: Mapping[str, int | None],
    ) -> str:
        """Record somebody with the form above the list; return the reference.

        Parameters
        ----------
        desk : Desk
        classification : str
        person : Invented
        unit : str
        days : mapping
            `onset` and `test`, UTC day numbers.
        """
        given = {name: iso_day(day) for name, day in days.items() if day is not None}
        fields = {
            "classification": classification,
            "unit": unit,
            "name": person.name,
            "phone": person.phone,
        }
        desk.do("/cases", fields | given)
        return self._newest_case()

    def change(self, desk: Desk, ref: str, fields: Mapping[str, str | int]) -> None:
        """Change what is known of a case; days are UTC day numbers."""
        shown = {
            name: iso_day(value) if isinstance(value, int) else value
            for name, value in fields.items()
        }
        desk.do(f"/cases/{ref}/change", shown)

    def classify(self, ref: str, fields: Mapping[str, object]) -> None:
        """Let an officer's program change a case, as a laboratory's system does.

        Raises
        ------
        DemonstrationError
            If it is refused.
        """
        headers = {
            b"x-api-key": self._admin_key.encode(),
            b"content-type": b"application/json",
        }
        body = json.dumps({"fields": dict(fields)}).encode()
        answer = self._doors.ask("POST", f"/api/cases/{ref}", body, headers)
        if answer.status != 200:
            raise DemonstrationError(
                "A change of a case was refused.", "Try another --seed."
            )

    def issue_code(self, desk: Desk, unit: str, days: Mapping[str, int | None]) -> str:
        """Issue a code for a confirmed test; return its digits.

        Parameters
        ----------
        desk : Desk
        unit : str
        days : mapping
            `symptom` and `test`, UTC day numbers.
        """
        given = {name: iso_day(day) for name, day in days.items() if day is not None}
        handle = self._generator.bytes(16).hex()
        fields = {"unit": unit, "type": "confirmed", "handle": handle}
        return _found(_CODE, desk.do("/codes", fields | given)).replace(" ", "")

    def ask_to_share(
        self, desk: Desk, ref: str, *, source: str = "", warn: bool = False
    ) -> str:
        """Make a token by which a person may share; return it."""
        fields = {"source": source} | ({"recursive": "yes"} if warn else {})
        return _found(_TOKEN, desk.do(f"/cases/{ref}/token", fields))

    def name_contact(
        self, desk: Desk, ref: str, person: Invented, unit: str, *, days: range
    ) -> str:
        """Record whom somebody named in an interview; return the reference."""
        form = {
            "unit": unit,
            "first": iso_day(days.start),
            "last": iso_day(days.stop - 1),
        }
        desk.do(f"/cases/{ref}/contact", form)
        found = self._newest_case()
        authority = self.authority
        with authority.engine.begin() as connection:
            values = {PersonField.NAME: person.name, PersonField.PHONE: person.phone}
            new = NewPerson(unit, PersonKind.CONTACT, values)
            (number,) = add_people(authority, connection, [new])
        self.classify(found, {"person": number})
        return found

    def newest_offer(self, ref: str) -> str:
        """Return the number of the offer of a case to another unit."""
        statement = (
            select(transfers.c.id)
            .where(transfers.c.ref == ref)
            .order_by(transfers.c.offered_s.desc())
        )
        return self._first(statement)

    def newest_request(self, kind: str) -> str:
        """Return the request of a kind that a second officer is asked for."""
        statement = (
            select(approvals.c.id)
            .where(approvals.c.kind == kind)
            .order_by(approvals.c.asked_s.desc())
        )
        return self._first(statement)

    def known_cases(self, count: int) -> list[str]:
        """Return references of cases whose person is known, the latest first."""
        c = cases.c
        statement = select(c.ref).where(c.person.is_not(None), c.unit.in_(COMMUNES))
        with reading(self.authority.engine) as connection:
            ordered = statement.order_by(c.created_s.desc()).limit(count)
            return list(connection.execute(ordered).scalars())

    def is_open(self, ref: str) -> bool:
        """Tell whether the work on a case goes on."""
        statement = select(cases.c.status).where(cases.c.ref == ref)
        return self._first(statement) not in ENDED

    def _newest_case(self) -> str:
        """Return the case that was just made; nobody else makes any."""
        c = case_events.c
        made = select(c.ref).where(c.kind == "created").order_by(c.id.desc())
        return self._first(made)

    def _first(self, statement: Select[tuple[str]]) -> str:
        with reading(self.authority.engine) as connection:
            return str(connection.execute(statement.limit(1)).scalar() or "")


def _found(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    if found is None:
        raise DemonstrationError(
            "The console shows something else than the demonstration expects.",
            "Update the program as a whole.",
        )
    return html.unescape(found[1])
