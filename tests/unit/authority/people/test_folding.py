"""The words by which names are found, whoever wrote them and however."""

import unicodedata

import pytest

from proximity.authority.people.folding import (
    MAX_WORDS,
    exact_words_of,
    pair_term,
    terms_of,
    words_of,
)
from proximity.authority.people.model import PersonField


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Nguyễn Văn Hoà", ["nguyen", "van", "hoa"]),
        ("ĐẶNG  thị\tThuý", ["dang", "thi", "thuy"]),
        ("Lê-Trần Ưng", ["le", "tran", "ung"]),
        ("O'Brien", ["obrien"]),
    ],
)
def test_case_marks_spaces_and_normal_form_do_not_count(name, words, form):
    assert words_of(unicodedata.normalize(form, name)) == words


def test_letters_that_look_latin_count_as_latin():
    # Three Cyrillic capitals.
    assert words_of("\u041d\u041e\u0410") == ["hoa"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hoà", "Hòa"), ("Thuý", "Thúy"), ("KHOẺ", "khỏe"), ("Hoàng", "hoàng")],
)
def test_where_the_tone_stands_does_not_count(one, other):
    assert exact_words_of(one) == exact_words_of(other)
    assert exact_words_of(unicodedata.normalize("NFD", one)) == exact_words_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Hoà", "Hoá"), ("Lê", "Le"), ("Đô", "Do"), ("Tú", "Tư")]
)
def test_exact_words_keep_their_marks(one, other):
    assert exact_words_of(one) != exact_words_of(other)
    assert words_of(one) == words_of(other) or one == "Hoà"


def test_a_pair_has_no_order():
    assert pair_term("an", "tran") == pair_term("tran", "an")


def test_numbers_of_different_fields_are_different_terms():
    values = {PersonField.PHONE: "123456", PersonField.ID_NUMBER: "123456"}

    assert terms_of(values) == {"phone:123456", "id_number:123456"}


def test_what_is_not_sought_by_gives_no_terms():
    fields = (PersonField.ADDRESS, PersonField.NOTES, PersonField.ANSWERS)

    assert terms_of(dict.fromkeys(fields, "Nguyễn Văn A")) == set()


def test_the_terms_of_a_long_name_are_bounded():
    name = " ".join(f"w{n}" for n in range(64))

    assert len(words_of(name)) == MAX_WORDS
    assert len(terms_of({PersonField.NAME: name})) == 8 + 8 + 28
