"""The invented district."""

import numpy as np

from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.people.rules import normal_phone
from proximity.research.district.places import (
    AUTHORITY_NAME,
    COMMUNES,
    MARK,
    NEWCOMER,
    PLACES,
    POSTS,
    invent_person,
)


def test_every_unit_and_officer_says_that_it_is_invented():
    names = [AUTHORITY_NAME, NEWCOMER.name, *(each.name for each in (*PLACES, *POSTS))]

    assert [name for name in names if not name.endswith(MARK)] == []


def test_every_unit_stands_below_one_that_is_there_before():
    known = {ROOT}
    for place in PLACES:
        assert place.parent in known
        known.add(place.id)

    assert set(COMMUNES) < known
    assert {post.unit for post in POSTS} <= known


def test_there_is_an_officer_of_every_role_and_two_administrators():
    roles = [post.role for post in POSTS]

    assert set(roles) == set(Role)
    assert [p.unit for p in POSTS if p.role is Role.ADMINISTRATOR].count(ROOT) == 2


def test_no_two_officers_have_one_address_and_none_resolves():
    addresses = [post.email for post in (*POSTS, NEWCOMER)]

    assert len(set(addresses)) == len(addresses)
    assert all(each.endswith(".invalid") and each.isascii() for each in addresses)


def test_a_person_is_marked_and_has_a_number_that_nobody_is_given():
    generator = np.random.default_rng(0)
    people = [invent_person(n, generator) for n in range(30)]

    assert all(each.name.endswith(MARK) for each in people)
    assert len({each.phone for each in people}) == 30
    # Telephones of Viet Nam begin with 2, 3, 5, 7, 8 or 9.
    assert all(each.phone.startswith("+8410000") for each in people)
    assert [normal_phone(each.phone) for each in people] == [p.phone for p in people]


def test_a_person_is_not_told_by_its_repr():
    person = invent_person(7, np.random.default_rng(0))

    assert person.name not in repr(person)
    assert person.phone not in repr(person)
