"""A case of the one person that there is."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from proximity.authority.assembly import Authority
from proximity.authority.cases.model import shared_keys
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.records import Scope, create_case
from proximity.authority.people.model import persons


@pytest.fixture
def case_of_person(authority: Authority) -> Callable[[str], str]:
    """Return what records a case, which shared one key, and returns its reference."""

    def make(classification: str) -> str:
        with authority.engine.begin() as connection:
            person = connection.execute(select(persons.c.person)).scalar_one()
            fields = {"unit": "10-080", "person": person}
            ref = create_case(
                connection,
                Scope("test"),
                fields | {"classification": classification},
                policy=TracingPolicy(),
                now_s=authority.now_s,
                entropy=authority.entropy,
            )
            kept = {"key": b"\x01" * 16, "start": 0, "period": 144}
            connection.execute(
                shared_keys.insert().values(ref=ref, forget_s=86_400 * 20_610, **kept)
            )
        return ref

    return make
