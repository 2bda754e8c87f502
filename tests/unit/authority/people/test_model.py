"""What values tell of themselves."""

from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    PersonKind,
    PersonView,
    persons,
)

VALUES = {PersonField.NAME: "Trần Thị B"}


def test_no_value_is_in_what_a_person_prints_as():
    new = NewPerson("10-080", PersonKind.CASE, VALUES)
    view = PersonView(5, "10-080", PersonKind.CASE, 1, 20_630, VALUES)

    assert repr(new) == "<NewPerson case>"
    assert repr(view) == "<PersonView 5>"


def test_every_field_has_its_column():
    assert {field.value for field in PersonField} <= set(persons.c.keys())
