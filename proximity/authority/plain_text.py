"""Text from strangers: characters that hide, words that pretend to be others."""

import unicodedata

# Controls, formats (bidi and zero-width ones too), surrogates, private, unassigned,
# separators of lines and paragraphs.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and a symbol that are blank: a name of them alone would look like none.
_BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Letters of these look alike: a word of two of them pretends to be another.
_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


def has_unseen(text: str, kept: str = "") -> bool:
    """Tell whether a text has characters that are not seen, or turn others around.

    Parameters
    ----------
    text : str
    kept : str
        Those that may be there, for example line breaks.
    """
    if text.isprintable() and _BLANK.isdisjoint(text):
        return False
    return any(
        c in _BLANK or (unicodedata.category(c) in _UNSEEN and c not in kept)
        for c in text
    )


def mixes_scripts(text: str) -> bool:
    """Tell whether a word of a text has letters of two scripts that look alike."""
    return any(_mixes(word) for word in text.split())


def _mixes(word: str) -> bool:
    names = (unicodedata.name(letter, "") for letter in word if letter.isalpha())
    return len({name.split(" ", 1)[0] for name in names} & _SCRIPTS) > 1
