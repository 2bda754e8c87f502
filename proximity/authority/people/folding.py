"""The terms by which a person is found; hashed with a key before they are stored.

A name is found by its words in any order. `exact` words keep diacritics, wherever the
tone mark was put ("hoà" is "hòa"); folded ones have none. Pairs of words are terms of
their own, since of a million people a third share a surname.
"""

import unicodedata
from collections.abc import Callable, Mapping
from itertools import combinations

from proximity.authority.people.model import PersonField

MAX_WORDS = 8
_TONES = "\u0300\u0301\u0303\u0309\u0323"
# Letters that NFKD leaves as they are.
_PLAIN = str.maketrans("đðħıłøŧæœßƀɓɖ", "ddhilotaosbbd")
# Letters of other scripts by the Latin ones that their capitals look like.
_LOOKALIKES = str.maketrans(
    "аеіјорсухѕԁԛԝһӏвкмнтгαεικνορτυχγβηζμ",
    "aeijopcyxsdqwhlbkmhtraeiknoptyxybhzm",
)


def words_of(name: str) -> list[str]:
    """Return the words of a name, folded: no case, no diacritics, Latin look-alikes.

    Parameters
    ----------
    name : str
        In any normal form, with any spaces.

    Returns
    -------
    list of str
        The first `MAX_WORDS` that are not empty.
    """
    return _words(name, _folded)


def exact_words_of(name: str) -> list[str]:
    """Return the words of a name with their diacritics, in one spelling each."""
    return _words(name, _respelt)


def terms_of(values: Mapping[PersonField, str]) -> set[str]:
    """Return every term by which a person with these values is found.

    Parameters
    ----------
    values : mapping of PersonField to str
        From `check_values`.
    """
    terms = set()
    if PersonField.NAME in values:
        name = values[PersonField.NAME]
        folded = words_of(name)
        terms |= {word_term(word) for word in folded}
        terms |= {exact_term(word) for word in exact_words_of(name)}
        terms |= {pair_term(*pair) for pair in combinations(folded, 2)}
    for field in (PersonField.PHONE, PersonField.ID_NUMBER):
        if field in values:
            terms.add(number_term(field, values[field]))
    return terms


def word_term(word: str) -> str:
    """Return the term of a folded word."""
    return f"word:{word}"


def exact_term(word: str) -> str:
    """Return the term of a word with its diacritics."""
    return f"exact:{word}"


def pair_term(one: str, other: str) -> str:
    """Return the term of two folded words, in either order."""
    first, second = sorted((one, other))
    return f"pair:{first} {second}"


def number_term(field: PersonField, number: str) -> str:
    """Return the term of a telephone or document, in its normal form."""
    return f"{field}:{number}"


def _words(name: str, spell: Callable[[str], str]) -> list[str]:
    parts = unicodedata.normalize("NFKC", name).casefold().replace("-", " ").split()
    spelt = (spell(part) for part in parts)
    return [word for word in spelt if word][:MAX_WORDS]


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    letters = plain.translate(_LOOKALIKES)
    return "".join(letter for letter in letters if letter.isalnum())


def _respelt(word: str) -> str:
    """Put the tone of a syllable at its end: where it stands above is a habit."""
    parts = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(mark for mark in parts if mark in _TONES))
    rest = "".join(mark for mark in parts if mark not in _TONES)
    letters = unicodedata.normalize("NFC", rest)
    kept = (c for c in letters if c.isalnum() or unicodedata.combining(c))
    return "".join(kept) + tones
