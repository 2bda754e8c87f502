"""The bluezone scheme, versions 2 and 3: key chains and Android's advertisement."""

import hashlib
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from proximity.errors import FormatError, TruncatedError, UnsupportedVersionError
from proximity.protocol import advertisement
from proximity.protocol.advertisement import Structure
from proximity.protocol.carrier import DEFAULT_PROFILE, Carrier, DeploymentProfile
from proximity.protocol.ephemeral_id import Disclosure, EphemeralId
from proximity.units import DAY_S, MS_PER_S

NAME = "bluezone"
KEY_BYTES = 32
ID_BYTES = 12
COMPANY = 0x22B5
SERVICE_UUID = 0x4E56

DEFAULT_COUNT = 96
# A slot of one second: far below the thirty seconds for which a phone keeps an
# advertisement, and a bound on what hostile counts can cost.
MAX_COUNT = 86_400
MAX_DAYS = 36_525

_DAY_MS = DAY_S * MS_PER_S
# The original spells it so.
_SALT = b"bluzonesubkey"
_PICK: Callable[[bytes], tuple[int, ...]] = operator.itemgetter(
    0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30
)
# LE general discoverable, as Android writes it for connectable advertisements.
_FLAGS = b"\x02"
_FIXED_ID = re.compile(rb"[0-9A-Za-z]{6}")
_V1_SERVICES = frozenset(
    {
        bytes.fromhex("e20a39f473f54bc4a12f17d1ad07a667"),
        bytes.fromhex("e20a39f473f54bc4a12f17d1ad07a889"),
    }
)


def generate_base_key(*, random_bytes: Callable[[int], bytes]) -> bytes:
    """Make the 32-byte key of day 0 from a cryptographic source of bytes."""
    return random_bytes(KEY_BYTES)


def advance_key(key: bytes, days: int = 1) -> bytes:
    """Return the key that a day's key becomes some days later.

    Parameters
    ----------
    key : bytes
        32 bytes: D[0], or the key of any day.
    days : int
        0..36,525, a century: one hash each.

    Returns
    -------
    bytes
        32 bytes. There is no way back, and no end forward: whoever has one day's
        key has those of all later days.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """
    _check_key(key)
    if not 0 <= days <= MAX_DAYS:
        raise ValueError(f"a key is advanced by 0..{MAX_DAYS} days, not {days}")
    for _ in range(days):
        key = _sha256(key)
    return key


def slot_ms(count: int = DEFAULT_COUNT) -> int:
    """Return the milliseconds for which one of `count` IDs a day is sent.

    Parameters
    ----------
    count : int
        2..86,400 IDs a day.

    Returns
    -------
    int
        Rounded down, as the original does: where `count` does not divide a day,
        the day's last milliseconds have no ID.

    Raises
    ------
    ValueError
        If `count` is outside its range.
    """
    if not 1 < count <= MAX_COUNT:
        raise ValueError(f"a day has 2..{MAX_COUNT} IDs, not {count}")
    return _DAY_MS // count


def derive_ephemeral_ids(
    daily_key: bytes, count: int = DEFAULT_COUNT
) -> tuple[bytes, ...]:
    """Derive the IDs of one day from its key.

    Parameters
    ----------
    daily_key : bytes
        32 bytes, D[n].
    count : int
        2..86,400 IDs a day.

    Returns
    -------
    tuple of bytes
        `count` IDs of 12 bytes in the order in which they are sent; an ID does not
        depend on `count`, only its time does. Source:
        docs/reference/schemes.md#bluezone.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """
    slot_ms(count)
    return tuple(islice(id_chain(daily_key), count))


def id_chain(daily_key: bytes) -> Iterator[bytes]:
    """Yield the IDs of one day's key, without an end; the caller takes a bound.

    Raises
    ------
    ValueError
        If the key has not 32 bytes.
    """
    _check_key(daily_key)
    subkey = daily_key + _SALT
    while True:
        subkey = _sha256(subkey)
        yield bytes(_PICK(subkey))


def ephemeral_ids(
    daily_key: bytes, day_start_s: int, count: int = DEFAULT_COUNT
) -> tuple[EphemeralId, ...]:
    """Derive as `derive_ephemeral_ids` does, one value with its validity each."""
    step_ms = slot_ms(count)
    start_ms = day_start_s * MS_PER_S
    return tuple(
        EphemeralId(value, start_ms + slot * step_ms, start_ms + (slot + 1) * step_ms)
        for slot, value in enumerate(derive_ephemeral_ids(daily_key, count))
    )


def ids_of_day(secret: bytes, day: int) -> tuple[EphemeralId, ...]:
    """Derive the 96 IDs of a UTC day number from the day's key."""
    return ephemeral_ids(secret, day * DAY_S)


def disclose_day(secret: bytes, day: int) -> Disclosure:
    """Return what is published for a case: a key that discloses all later days too."""
    _check_key(secret)
    return Disclosure(secret, day * DAY_S, to_s=None)


def encode_advertisement(ephemeral_id: bytes, metadata: bytes = b"") -> bytes:
    """Encode Android's advertisement of one ephemeral ID.

    Parameters
    ----------
    ephemeral_id : bytes
        12 bytes.
    metadata : bytes
        Empty: the scheme has none.

    Returns
    -------
    bytes
        23 bytes: flags, the service, the ID as manufacturer data.

    Raises
    ------
    ValueError
        If a length is wrong.
    """
    if len(ephemeral_id) != ID_BYTES or metadata:
        raise ValueError("an ephemeral ID has 12 bytes, and there is no metadata")
    return advertisement.encode_structures(
        [
            Structure(advertisement.FLAGS, _FLAGS),
            Structure(
                advertisement.COMPLETE_UUIDS_16, SERVICE_UUID.to_bytes(2, "little")
            ),
            Structure(
                advertisement.MANUFACTURER_DATA,
                COMPANY.to_bytes(2, "little") + ephemeral_id,
            ),
        ]
    )


def decode_advertisement(
    structures: Sequence[Structure],
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> tuple[bytes, bytes, Carrier] | None:
    """Find the ephemeral ID of Android's advertisement.

    Parameters
    ----------
    structures : sequence of Structure
        In any order. The manufacturer data counts only beside the service, since
        the company identifier may be another's.
    profile : DeploymentProfile
        Without effect: Bluezone's numbers are those of its apps.

    Returns
    -------
    tuple of (bytes, bytes, Carrier), or None
        12 bytes and no metadata; None if the scheme did not send it or it carries
        no ID. The first manufacturer data counts where there are several.

    Raises
    ------
    TruncatedError, FormatError
        If the ID has fewer or more than 12 bytes.
    UnsupportedVersionError
        If it is the fixed ID of version 1.
    """
    services = advertisement.service_uuids(structures)
    if not services.isdisjoint(_V1_SERVICES):
        raise _fixed_id_error()
    if advertisement.service_uuid(SERVICE_UUID) not in services:
        return None
    for data in advertisement.manufacturer_data(structures, COMPANY):
        return decode_id(data), b"", Carrier.MANUFACTURER_DATA
    return None


def decode_id(data: bytes) -> bytes:
    """Read an ephemeral ID as advertisements and characteristics carry it.

    Parameters
    ----------
    data : bytes
        12 bytes.

    Returns
    -------
    bytes
        The ID.

    Raises
    ------
    TruncatedError, FormatError
        If there are fewer or more than 12 bytes.
    UnsupportedVersionError
        If it is the fixed ID of version 1: six letters or digits.
    """
    if len(data) == ID_BYTES:
        return data
    if _FIXED_ID.fullmatch(data):
        raise _fixed_id_error()
    error = TruncatedError if len(data) < ID_BYTES else FormatError
    raise error(
        f"A Bluezone ID has {ID_BYTES} bytes, this has {len(data)}.",
        "Leave the sighting out: its sender does not follow the format.",
    )


def _fixed_id_error() -> UnsupportedVersionError:
    return UnsupportedVersionError(
        "Bluezone v1 fixed ID: six characters that never change are not supported.",
        "Leave the sighting out: the sender runs an app from before May 2020.",
    )


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a Bluezone key has 32 bytes, not {len(key)}")
