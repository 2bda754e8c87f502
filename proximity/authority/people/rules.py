"""What may be stored of a person: text from strangers, checked and normalised."""

import re
import unicodedata
from collections.abc import Mapping

from proximity.authority.api_error import ApiError
from proximity.authority.people.model import PersonField, PersonKind
from proximity.authority.plain_text import has_unseen, mixes_scripts
from proximity.authority.settings import Settings

# In characters; a value of four bytes a character is still below the bound of bodies.
MAX_CHARACTERS = {
    PersonField.NAME: 128,
    PersonField.PHONE: 32,
    PersonField.ID_NUMBER: 32,
    PersonField.ADDRESS: 512,
    PersonField.NOTES: 8_000,
    PersonField.ANSWERS: 12_000,
}
COUNTRY_CODE = "84"
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_ID_NUMBER = re.compile(r"[A-Z0-9]{5,20}")
# Fields that have line breaks.
_LONG = (PersonField.ADDRESS, PersonField.NOTES, PersonField.ANSWERS)
_BREAKS = "\n\t"


def check_values(values: Mapping[PersonField, str]) -> dict[PersonField, str]:
    """Return values as they are stored: NFC, trimmed, numbers in one form.

    Parameters
    ----------
    values : mapping of PersonField to str
        An empty one counts as not known.

    Returns
    -------
    dict of PersonField to str

    Raises
    ------
    ApiError
        If a value is too long, or has characters that hide or imitate; the message
        names the field, never the value.
    """
    checked = {field: _check(field, text) for field, text in values.items()}
    return {field: text for field, text in checked.items() if text}


def normal_phone(text: str) -> str:
    """Return a number of a telephone as +, country and number, the only stored form.

    Raises
    ------
    ApiError
        If it is none.
    """
    digits = re.sub(r"[\s().\-/]", "", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif digits.startswith("0"):
        digits = f"+{COUNTRY_CODE}{digits[1:]}"
    elif not digits.startswith("+"):
        digits = "+" + digits
    # 0 is what is dialled within the country; many write it after +84 as well.
    digits = re.sub(rf"^\+{COUNTRY_CODE}0", f"+{COUNTRY_CODE}", digits)
    if not digits.isascii() or not _PHONE.fullmatch(digits):
        raise _refusal(PersonField.PHONE, "is not a number of a telephone")
    return digits


def normal_id_number(text: str) -> str:
    """Return the number of an identity card or passport, upper case, without spaces.

    Raises
    ------
    ApiError
        If it is none.
    """
    number = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if not number.isascii() or not _ID_NUMBER.fullmatch(number):
        raise _refusal(PersonField.ID_NUMBER, "is not a number of a document")
    return number


def keep_days(settings: Settings, kind: PersonKind) -> int:
    """Return for how many days a person of a kind is kept."""
    if kind == PersonKind.CASE:
        return settings.keep_cases_days
    return settings.keep_contacts_days


def _check(field: PersonField, text: str) -> str:
    # Before anything that takes time by length.
    if len(text) > MAX_CHARACTERS[field]:
        limit = MAX_CHARACTERS[field]
        raise _refusal(field, f"has more than {limit} characters")
    text = text.replace("\r\n", "\n")
    if has_unseen(text, _BREAKS if field in _LONG else ""):
        raise _refusal(field, "has characters that cannot be seen")
    text = unicodedata.normalize("NFC", text).strip()
    return _NORMAL[field](text) if text and field in _NORMAL else text


def _normal_name(text: str) -> str:
    if mixes_scripts(text):
        raise _refusal(PersonField.NAME, "has a word in letters of two scripts")
    return " ".join(text.split())


def _refusal(field: PersonField, what: str) -> ApiError:
    return ApiError(400, "invalid_person", f"the field {field} {what}")


_NORMAL = {
    PersonField.NAME: _normal_name,
    PersonField.PHONE: normal_phone,
    PersonField.ID_NUMBER: normal_id_number,
}
