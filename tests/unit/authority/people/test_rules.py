"""What strangers may write about themselves, and in which form it is kept."""

import unicodedata

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.people.model import PersonField, PersonKind
from proximity.authority.people.rules import (
    MAX_CHARACTERS,
    check_values,
    keep_days,
    normal_id_number,
    normal_phone,
)
from proximity.authority.settings import Settings

F = PersonField


@pytest.mark.parametrize(
    "written",
    [
        "0912345678",
        "+84912345678",
        "84 912 345 678",
        "0084-912.345.678",
        "(+84) 0912 345 678",
        "\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
    ],
)
def test_one_telephone_is_kept_in_one_form(written):
    assert normal_phone(written) == "+84912345678"


@pytest.mark.parametrize("written", ["", "12", "+0123456789", "0912345678x", "+" * 9])
def test_what_is_no_telephone_is_refused(written):
    with pytest.raises(ApiError, match="phone"):
        normal_phone(written)


def test_a_document_has_one_form():
    assert normal_id_number("b 123-4567") == "B1234567"
    with pytest.raises(ApiError):
        normal_id_number("<script>")


def test_text_is_composed_and_trimmed():
    decomposed = unicodedata.normalize("NFD", "  Nguyễn   Văn Hoà ")

    assert check_values({F.NAME: decomposed}) == {F.NAME: "Nguyễn Văn Hoà"}


def test_what_is_empty_is_not_known():
    assert check_values({F.NAME: " ", F.PHONE: "", F.NOTES: "x"}) == {F.NOTES: "x"}


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\x1b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ud800",
        "\ue000",
        "\ufffe",
        "\u2028",
    ],
)
@pytest.mark.parametrize("field", [F.NAME, F.NOTES])
def test_characters_that_hide_are_refused_and_not_repeated(field, character):
    with pytest.raises(ApiError, match="cannot be seen") as caught:
        check_values({field: f"Trần{character}B"})

    assert "Trần" not in str(caught.value)


def test_a_name_has_no_line_break_and_an_address_may():
    assert check_values({F.ADDRESS: "Số 1\r\nxã A"}) == {F.ADDRESS: "Số 1\nxã A"}
    with pytest.raises(ApiError):
        check_values({F.NAME: "Trần\nB"})


@pytest.mark.parametrize("name", ["Nguyễn V\u0430n", "\u039dguyen", "Tr\u0430n"])
def test_a_word_of_two_scripts_is_refused(name):
    with pytest.raises(ApiError, match="two scripts"):
        check_values({F.NAME: name})


@pytest.mark.parametrize(
    "name", ["Анна Каренина", "ສົມຊາຍ", "王小明", "Ngô Anna Иванова"]
)
def test_a_name_of_another_script_is_a_name(name):
    assert check_values({F.NAME: name}) == {F.NAME: name}


@pytest.mark.parametrize("field", list(PersonField))
def test_a_megabyte_is_refused_before_it_is_looked_at(field):
    assert MAX_CHARACTERS[field] < 2**14
    with pytest.raises(ApiError, match="characters"):
        check_values({field: "\0" * 2**20})


def test_cases_and_contacts_are_kept_for_their_own_time():
    settings = Settings(keep_cases_days=40, keep_contacts_days=14)

    assert keep_days(settings, PersonKind.CASE) == 40
    assert keep_days(settings, PersonKind.CONTACT) == 14
