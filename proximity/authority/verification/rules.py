"""The rules of codes: how they look, how long they hold, which days they may name."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable

from proximity.authority.api_error import ApiError, unparsable
from proximity.authority.verification.model import TestType
from proximity.units import DAY_S, INTERVALS_PER_DAY, day_from_iso, day_of

SHORT_DIGITS = 8
LONG_CHARACTERS = 16
SHORT_LIFE_S = 15 * 60
LONG_LIFE_S = DAY_S
TOKEN_LIFE_S = DAY_S
CERTIFICATE_LIFE_S = 15 * 60
MAX_CODE_CHARACTERS = 64
MAX_DAYS_BACK = 28
MAX_BATCH = 10
# A code whose nonce or test type did not fit so often is burnt.
MAX_FAILURES_OF_CODE = 5
MESSAGES_PER_DAY = 3
PHONE_REST_S = 90 * DAY_S
NONCE_BYTES = 256
# A certificate may be asked for one millisecond after a code, from any time zone.
_MAX_OFFSET_MIN = 14 * 60
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_BY_OFFICER = (TestType.CONFIRMED, TestType.LIKELY, TestType.NEGATIVE)
_ACCEPTED_WITH = {
    TestType.CONFIRMED: _BY_OFFICER[:1],
    TestType.LIKELY: _BY_OFFICER[:2],
    TestType.NEGATIVE: _BY_OFFICER,
    TestType.USER_REPORT: (TestType.CONFIRMED, TestType.USER_REPORT),
}


def draw_short_code(entropy: Callable[[int], bytes]) -> str:
    """Return eight random digits, each as likely as the others."""
    return _draw("0123456789", SHORT_DIGITS, entropy)


def draw_long_code(entropy: Callable[[int], bytes]) -> str:
    """Return sixteen random letters and digits: 82 bits."""
    return _draw(_ALPHABET, LONG_CHARACTERS, entropy)


def code_hmac(secret: bytes, code: str) -> bytes:
    """Return what is stored of a code."""
    return hmac.digest(secret, b"code:" + code.encode(), "sha256")


def phone_hmac(secret: bytes, phone: str) -> bytes:
    """Return what is stored of a number of a telephone."""
    return hmac.digest(secret, b"phone:" + phone.encode(), "sha256")


def client_scope(secret: bytes, address: str, day: int) -> str:
    """Name a client for a day, so that its address cannot be read from the name.

    All addresses that one subscriber is given by IPv6, a /64, are one client: else each
    guess could come from a fresh one.
    """
    network = _network(address)
    named = hmac.digest(secret, f"client:{day}:{network}".encode(), "sha256")
    return "client:" + named[:16].hex()


def api_key_digest(key: str) -> bytes:
    """Return what is stored of an API key; 256 random bits need no salt."""
    return hashlib.sha256(key.encode()).digest()


def normalise_code(text: str) -> str:
    """Return a code as it was drawn; people add spaces and hyphens.

    Raises
    ------
    ApiError
        If it can be none.
    """
    code = re.sub(r"[\s-]", "", text).lower()
    if not code or len(code) > MAX_CODE_CHARACTERS or not code.isascii():
        raise ApiError(400, "code_invalid", "this is not a code")
    return code


def accepted_types(accept: Iterable[str]) -> set[TestType]:
    """Return the types that a device is ready for.

    Each type brings those that come before it in the published order; a device that
    names none takes all.

    Raises
    ------
    ApiError
        If one is not known.
    """
    try:
        named = [TestType(each.lower()) for each in accept]
    except ValueError as error:
        raise ApiError(400, "invalid_test_type", "unknown test type") from error
    return {each for name in named or TestType for each in _ACCEPTED_WITH[name]}


def officer_type(text: str) -> TestType:
    """Return the type of a code that an officer issues.

    Raises
    ------
    ApiError
        If officers issue no such codes.
    """
    if text not in _BY_OFFICER:
        raise ApiError(400, "invalid_test_type", "unknown test type")
    return TestType(text)


def check_days(
    symptom: str | None, test: str | None, *, now_s: float, offset_min: float
) -> tuple[int | None, int | None]:
    """Return the days of symptom onset and test as UTC day numbers.

    Parameters
    ----------
    symptom, test : str | None
        YYYY-MM-DD; one of them is needed.
    now_s : float
        Unix seconds.
    offset_min : float
        Minutes that the officer's clock is ahead of UTC.

    Raises
    ------
    ApiError
        If none is given, or one is no day of the last 28.
    """
    if not abs(offset_min) <= _MAX_OFFSET_MIN:
        raise unparsable("tzOffset is not that of a time zone")
    days = [_day(text) if text else None for text in (symptom, test)]
    if days == [None, None]:
        raise ApiError(400, "missing_date", "a symptom date or a test date is needed")
    today = day_of(now_s + 60 * offset_min)
    for day in days:
        if day is not None and not today - MAX_DAYS_BACK <= day <= today:
            raise ApiError(400, "invalid_date", "the date is not in the last 28 days")
    return days[0], days[1]


def check_phone(phone: str) -> str:
    """Return a number of a telephone in E.164.

    Raises
    ------
    ApiError
        If it is none.
    """
    number = re.sub(r"[\s().-]", "", phone)
    if not _PHONE.fullmatch(number):
        raise unparsable("phone is not a number in E.164")
    return number


def onset_interval(symptom_day: int | None, test_day: int | None) -> int:
    """Return the interval that a certificate names; the symptom date wins."""
    day = symptom_day if symptom_day is not None else test_day
    return 0 if day is None else day * INTERVALS_PER_DAY


def _day(text: str) -> int:
    # `fromisoformat` reads other forms of ISO 8601 too.
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return day_from_iso(text)
        except ValueError:
            pass
    raise ApiError(400, "invalid_date", "a date is written YYYY-MM-DD")


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # What a proxy of another kind calls a client.
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _draw(alphabet: str, length: int, entropy: Callable[[int], bytes]) -> str:
    bound = 256 // len(alphabet) * len(alphabet)
    drawn: list[str] = []
    while len(drawn) < length:
        # Bytes at or above the bound would make the first letters likelier.
        fair = (byte for byte in entropy(2 * length) if byte < bound)
        drawn += [alphabet[byte % len(alphabet)] for byte in fair]
    return "".join(drawn[:length])
