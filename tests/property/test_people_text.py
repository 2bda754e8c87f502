"""Whatever strangers write as their name, it is stored in one form or refused."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from proximity.authority.api_error import ApiError
from proximity.authority.people.folding import exact_words_of, terms_of, words_of
from proximity.authority.people.model import PersonField
from proximity.authority.people.rules import check_values

# Lone surrogates too: JSON can hold them.
TEXT = st.text(st.characters(), max_size=200)
VIETNAMESE = st.text(
    "aăâeêioôơuưyđAĐ\u0300\u0301\u0303\u0309\u0323 bcghnt", max_size=40
)


def accepted(values: dict[PersonField, str]) -> dict[PersonField, str]:
    try:
        return check_values(values)
    except ApiError:
        return {}


@given(st.dictionaries(st.sampled_from(PersonField), TEXT | VIETNAMESE, max_size=6))
def test_values_are_refused_by_name_or_kept_in_a_form_that_stays(values):
    checked = accepted(values)

    assert check_values(checked) == checked
    for text in checked.values():
        assert "\0" not in text
        assert unicodedata.is_normalized("NFC", text)
        assert text.encode().decode() == text
    assert all(term.encode() for term in terms_of(checked))


@given(TEXT | VIETNAMESE)
def test_words_are_the_same_in_every_normal_form_and_case(text):
    plain = words_of(text)

    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, text)
        assert words_of(other) == plain
        assert exact_words_of(other) == exact_words_of(text)
    assert all(word.isalnum() for word in plain)


@given(VIETNAMESE)
def test_capitals_do_not_count(text):
    assert words_of(text.upper()) == words_of(text)
    assert exact_words_of(text.upper()) == exact_words_of(text)
