"""Names, telephones and documents are found by what is not in the database."""

import pytest
from sqlalchemy import select

from proximity.authority.api_error import ApiError
from proximity.authority.audit.model import audit
from proximity.authority.people.model import PersonField
from proximity.authority.people.search import Query, find_people

F = PersonField


def find(authority, reader, text, field=F.NAME, **options):
    return find_people(authority, reader, Query(field, text, **options)).persons


WRITTEN = [
    "Nguyễn Văn Hoà",
    "NGUYEN VAN HOA",
    "hoa nguyen",
    "hòa",
    "  văn   hoà ",
    "Nguye\u0302\u0303n Hoa",
]


def test_a_name_is_found_however_it_is_written(authority, add_person, reader):
    person = add_person(name="Nguyễn Văn Hoà")
    add_person(name="Nguyễn Thị Huệ")

    assert {find(authority, reader(), text) for text in WRITTEN} == {(person,)}


def test_a_word_that_is_not_in_the_name_excludes_it(authority, add_person, reader):
    add_person(name="Nguyễn Thị Hoà")

    for text in ("hoa van tran", "ho", "nguyen van", "x"):
        assert find(authority, reader(), text) == ()


def test_an_exact_search_tells_tones_apart(authority, add_person, reader):
    one, other = add_person(name="Lê Hoà"), add_person(name="Lê Hoa")

    assert set(find(authority, reader(), "Lê Hòa")) == {one, other}
    assert find(authority, reader(), "Lê Hòa", exact=True) == (one,)
    assert find(authority, reader(), "Le Hoa", exact=True) == ()
    assert find(authority, reader(), "Hoa", exact=True) == (other,)


def test_numbers_are_found_whole_and_in_any_form(authority, add_person, reader):
    person = add_person(phone="0912 345 678", id_number="B1234567")

    assert find(authority, reader(), "+84 912-345-678", F.PHONE) == (person,)
    assert find(authority, reader(), "b1234567", F.ID_NUMBER) == (person,)
    assert find(authority, reader(), "B12345678", F.ID_NUMBER) == ()


def test_only_ones_own_units_are_searched(authority, add_person, reader):
    here, there = add_person(name="Lê An"), add_person(unit="10-082", name="Lê An")

    assert find(authority, reader(), "le an") == (here,)
    both = reader("an@example.vn", "10-080", "10-082")
    assert set(find(authority, both, "le an")) == {here, there}


def test_more_than_fit_are_told_of_not_counted(authority, add_person, reader):
    people = {add_person(name="Lê An") for _ in range(5)}
    query = Query(F.NAME, "le an")
    some = find_people(authority, reader(), query, limit=4)
    rest = find_people(authority, reader(), query, limit=5)

    assert len(set(some.persons)) == 4
    assert some.more
    assert (set(rest.persons), rest.more) == (people, False)


def test_a_search_is_in_the_audit_without_its_words(authority, add_person, reader):
    add_person(name="Lê An")
    find(authority, reader(), "le an")

    with authority.engine.connect() as connection:
        (line,) = connection.execute(select(audit)).all()
    assert (line.action, line.fields, line.subjects) == ("search", "name", b"")
    assert not {"le", "an", "le an"} & {str(value) for value in line}


NOT_SOUGHT = [
    (F.NAME, ""),
    (F.NAME, " '\";-- "),
    (F.NAME, "\0\u202e"),
    (F.PHONE, "' OR 1=1"),
    (F.ID_NUMBER, "x' UNION SELECT"),
    (F.ADDRESS, "xã A"),
    (F.NOTES, "x"),
]


def test_what_cannot_be_sought_is_refused(authority, reader):
    for field, text in NOT_SOUGHT:
        with pytest.raises(ApiError) as caught:
            find(authority, reader(), text, field)
        assert caught.value.status == 400


def test_a_megabyte_is_sought_in_bounded_time(authority, reader):
    assert find(authority, reader(), "nguyen " * 150_000) == ()


def test_a_query_prints_as_its_field():
    assert repr(Query(F.NAME, "Lê An")) == "<Query name>"
