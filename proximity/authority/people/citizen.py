"""What a person may do about their own record: see it, correct it, erase it.

They show a receipt, which they got when they became known, and a code that goes to the
telephone of the record. Neither alone opens anything, and neither tells whether the
other is right.
"""

import contextlib
import hashlib
import hmac
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from proximity.authority.api_error import ApiError, quota_exceeded
from proximity.authority.assembly import Authority
from proximity.authority.audit.model import CITIZEN, SERVICE, Reader, Reason
from proximity.authority.audit.readings import Reading, readings_of_person
from proximity.authority.cases.held import HeldCase, drop_held, held_of_person
from proximity.authority.database import reading, upsert
from proximity.authority.people.keeping import erase_person
from proximity.authority.people.model import (
    PersonField,
    PersonView,
    citizen_codes,
    citizen_receipts,
    citizen_sessions,
    persons,
)
from proximity.authority.people.reading import read_people
from proximity.authority.people.records import bury_keys, correct_person, settle
from proximity.authority.verification.counts import (
    count_failure,
    failures_of,
    hour_of,
)
from proximity.authority.verification.rules import (
    SHORT_DIGITS,
    client_scope,
    draw_short_code,
)
from proximity.errors import ProximityError
from proximity.units import DAY_S, day_of

CODE_LIFE_S = 10 * 60
SESSION_LIFE_S = 15 * 60
CODES_PER_DAY = 5
MAX_FAILURES = 5
# Officers answer for what they wrote; a person can have the record erased.
CORRECTABLE = frozenset(PersonField) - {PersonField.NOTES}
# Without letters and digits that are mistaken for each other.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECEIPT_CHARACTERS = 12
_MESSAGES = {
    "vi": (
        "Mã xem hồ sơ của bạn tại cơ quan y tế: {code} (hết hạn sau 10 phút). "
        "Không đưa mã này cho ai, kể cả cán bộ."
    ),
    "en": (
        "Your code to see your record at the health authority: {code} (valid for 10 "
        "minutes). Pass it to nobody, officers included."
    ),
}


@dataclass(frozen=True, slots=True)
class Session:
    """What opens one record for a quarter of an hour."""

    token: str
    until_s: int

    def __repr__(self) -> str:
        """Tell nothing of the token."""
        return "<Session>"


def issue_receipt(authority: Authority, connection: Connection, person: int) -> str:
    """Return a new receipt of a person, to be handed to them; it is stored as a hash.

    Parameters
    ----------
    authority : Authority
    connection : Connection
        Of a writing transaction.
    person : int

    Returns
    -------
    str
        Three groups of four letters and digits, 58 bits.
    """
    receipt = _draw_receipt(authority)
    row = {"receipt_hmac": _receipt_hmacs(authority, receipt)[0], "person": person}
    connection.execute(insert(citizen_receipts).values(row))
    return receipt


def check_client(authority: Authority, address: str) -> None:
    """Count a try of one client.

    Raises
    ------
    ApiError
        If it tried too often this hour.
    """
    key = authority.vault.derived("citizen client")
    scope = client_scope(key, address, day_of(authority.now_s))
    with authority.engine.begin() as connection:
        tries = count_failure(connection, scope, hour_of(authority.now_s))
    if tries > authority.settings.client_tries:
        raise quota_exceeded()


def message_with_code(authority: Authority, receipt: str) -> tuple[str, str] | None:
    """Draw a code; return telephone and text, None if nothing is to be sent.

    Whoever asked must not learn which: answer before this is called.
    """
    with authority.engine.begin() as connection:
        found = _person_of_receipt(authority, connection, receipt)
        if found is None or not _may_send(authority, connection, found[0]):
            return None
    person, unit = found
    reader = _reader(SERVICE, unit)
    views = read_people(authority, reader, [person], [PersonField.PHONE])
    phone = views[0].values.get(PersonField.PHONE) if views else None
    if phone is None:
        return None
    code = draw_short_code(authority.entropy)
    row = {
        "person": person,
        "code_hmac": _code_hmac(authority, person, code),
        "until_s": authority.now_s + CODE_LIFE_S,
        "failures": 0,
    }
    with authority.engine.begin() as connection:
        statement = upsert(connection, citizen_codes).values(row)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[citizen_codes.c.person], set_=row
            )
        )
    return phone, _MESSAGES[authority.settings.language].format(code=code)


def send_quietly(authority: Authority, receipt: str) -> None:
    """Send a code if there is somebody to send it to; whoever waits asks again."""
    with contextlib.suppress(ProximityError):
        message = message_with_code(authority, receipt)
        if message is not None:
            authority.messenger.send(*message)


def send_later(authority: Authority, receipt: str) -> threading.Thread:
    """Send a code while the asker is answered: the time of an answer tells nothing."""
    sending = threading.Thread(
        target=send_quietly, args=(authority, receipt), daemon=True
    )
    sending.start()
    return sending


def open_session(authority: Authority, receipt: str, code: str) -> Session:
    """Exchange receipt and code for a session.

    Raises
    ------
    ApiError
        If they do not belong together, or the code is over or was tried too often;
        the answer does not tell which.
    """
    digits = re.sub(r"[\s-]", "", code[:64])
    token = authority.entropy(32).hex()
    until_s = authority.now_s + SESSION_LIFE_S
    with authority.engine.begin() as connection:
        found = _person_of_receipt(authority, connection, receipt)
        good = found is not None and _spend(authority, connection, found[0], digits)
        if good and found is not None:
            row = {
                "digest": _digest(token),
                "person": found[0],
                "until_s": until_s,
            }
            connection.execute(insert(citizen_sessions).values(row))
    if not good:
        raise ApiError(
            401, "receipt_or_code", "receipt and code do not belong together"
        )
    return Session(token, until_s)


def see_record(authority: Authority, token: str) -> PersonView:
    """Return everything that is held of the person.

    Raises
    ------
    ApiError
        If the session is over, or there is nothing any more.
    StoreError, DamagedRecordError
        As `read_people`.
    """
    person, unit = _person_of_session(authority, token)
    views = read_people(authority, _reader(CITIZEN, unit), [person], PersonField)
    if not views:
        raise _over()
    return views[0]


def correct_record(
    authority: Authority, token: str, changes: Mapping[PersonField, str]
) -> None:
    """Replace what is wrong; "" removes a field.

    Raises
    ------
    ApiError
        If the session is over, a field is not the person's to change, or a value may
        not be stored.
    StoreError, DamagedRecordError
        As `correct_person`.
    """
    person, unit = _person_of_session(authority, token)
    if not CORRECTABLE.issuperset(changes):
        raise ApiError(400, "invalid_field", "this field is not the person's to change")
    reader = _reader(CITIZEN, unit)
    with authority.engine.begin() as connection:
        correct_person(authority, connection, reader, person, changes=changes)
    settle(authority)


def see_cases(authority: Authority, token: str) -> list[HeldCase]:
    """Return what cases hold of the person; `see_record` writes the line of the audit.

    Raises
    ------
    ApiError
        If the session is over.
    """
    person, _ = _person_of_session(authority, token)
    with reading(authority.engine) as connection:
        return held_of_person(connection, person)


def erase_record(authority: Authority, token: str) -> int | None:
    """Erase the record, or say on which UTC day number it will be.

    With the record goes what the person's device shared.

    Raises
    ------
    ApiError
        If the session is over.
    StoreError
        If the key store cannot be used.
    """
    person, unit = _person_of_session(authority, token)
    with authority.engine.begin() as connection:
        day = erase_person(authority, connection, _reader(CITIZEN, unit), person)
        if day is None:
            names = drop_held(connection, person, now_s=authority.now_s)
            bury_keys(connection, names)
    settle(authority)
    return day


def see_readings(
    authority: Authority, token: str, *, before: int | None = None
) -> list[Reading]:
    """Return who read or changed the record, newest first.

    Raises
    ------
    ApiError
        If the session is over.
    """
    person, _ = _person_of_session(authority, token)
    return readings_of_person(authority, person, before=before)


def _person_of_receipt(
    authority: Authority, connection: Connection, receipt: str
) -> tuple[int, str] | None:
    plain = re.sub(r"[\s-]", "", receipt[:64]).upper()
    hashed = _receipt_hmacs(authority, plain)
    row = connection.execute(
        select(persons.c.person, persons.c.unit)
        .join(citizen_receipts, citizen_receipts.c.person == persons.c.person)
        .where(citizen_receipts.c.receipt_hmac.in_(hashed))
    ).one_or_none()
    return None if row is None else (row.person, row.unit)


def _person_of_session(authority: Authority, token: str) -> tuple[int, str]:
    with reading(authority.engine) as connection:
        row = connection.execute(
            select(persons.c.person, persons.c.unit)
            .join(citizen_sessions, citizen_sessions.c.person == persons.c.person)
            .where(
                citizen_sessions.c.digest == _digest(token),
                citizen_sessions.c.until_s > authority.now_s,
            )
        ).one_or_none()
    if row is None:
        raise _over()
    return row.person, row.unit


def _may_send(authority: Authority, connection: Connection, person: int) -> bool:
    key = authority.vault.derived("citizen messages")
    named = hmac.digest(key, str(person).encode(), "sha256")
    scope, window_s = f"citizen:{named[:16].hex()}", day_of(authority.now_s) * DAY_S
    if failures_of(connection, scope, window_s) >= CODES_PER_DAY:
        return False
    count_failure(connection, scope, window_s)
    return True


def _spend(
    authority: Authority, connection: Connection, person: int, code: str
) -> bool:
    mine = citizen_codes.c.person == person
    row = connection.execute(
        select(citizen_codes).where(mine).with_for_update()
    ).one_or_none()
    if (
        row is None
        or row.until_s <= authority.now_s
        or row.failures >= MAX_FAILURES
        or len(code) != SHORT_DIGITS
    ):
        return False
    hashed = _code_hmac(authority, person, code)
    if not hmac.compare_digest(bytes(row.code_hmac), hashed):
        more = citizen_codes.c.failures + 1
        connection.execute(update(citizen_codes).where(mine).values(failures=more))
        return False
    connection.execute(delete(citizen_codes).where(mine))
    return True


def _draw_receipt(authority: Authority) -> str:
    bound = 256 // len(_ALPHABET) * len(_ALPHABET)
    drawn = ""
    while len(drawn) < _RECEIPT_CHARACTERS:
        # Bytes at or above the bound would make the first letters likelier.
        fair = (byte for byte in authority.entropy(16) if byte < bound)
        drawn += "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in fair)
    return f"{drawn[:4]}-{drawn[4:8]}-{drawn[8:_RECEIPT_CHARACTERS]}"


def _receipt_hmacs(authority: Authority, receipt: str) -> list[bytes]:
    """Return what may stand for a receipt: it outlives a rotation of the master key."""
    plain = receipt.replace("-", "").encode()
    keys = authority.vault.all_derived("receipt")
    return [hmac.digest(key, plain, "sha256") for key in keys]


def _code_hmac(authority: Authority, person: int, code: str) -> bytes:
    key = authority.vault.derived("citizen code")
    return hmac.digest(key, f"{person}:{code}".encode(), "sha256")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _reader(name: str, unit: str) -> Reader:
    return Reader(name, name, frozenset((unit,)), Reason.CITIZEN_REQUEST)


def _over() -> ApiError:
    return ApiError(401, "session_over", "the session is over")
