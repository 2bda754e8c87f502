"""The gaen scheme: Google/Apple Exposure Notification, metadata 1.0 and 1.1."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from numpy.typing import NDArray

from proximity.errors import FormatError, TruncatedError, UnsupportedVersionError
from proximity.protocol.advertisement import Structure
from proximity.protocol.carrier import (
    DEFAULT_PROFILE,
    ID_BYTES,
    METADATA_BYTES,
    Carrier,
    DeploymentProfile,
    decode_carrier,
    encode_carrier,
)
from proximity.protocol.ephemeral_id import Disclosure, EphemeralId
from proximity.protocol.hkdf import derive_subkey
from proximity.units import INTERVAL_S, INTERVALS_PER_DAY, MS_PER_S

NAME = "gaen"
KEY_BYTES = 16

# The structure of the flags comes first.
_FLAGS_BYTES = 3
_MAJOR = 1
_MAX_INTERVAL = 2**32


class CalibrationConfidence(IntEnum):
    """How well the sender's transmit power is known; metadata version 1.1."""

    LOWEST = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a sender tells about itself, encrypted until its key is published.

    Attributes
    ----------
    version : tuple of (int, int)
        Major and minor.
    confidence : CalibrationConfidence
        LOWEST for version 1.0, which does not carry it.
    tx_power_dbm : int
        -128..127 as sent; nothing authenticates it.
    """

    version: tuple[int, int]
    confidence: CalibrationConfidence
    tx_power_dbm: int


@dataclass(frozen=True, slots=True)
class TemporaryExposureKey:
    """A device's secret of one day; several may share one start.

    Attributes
    ----------
    key : bytes
        16 bytes.
    start_interval : int
        First ten-minute interval of validity.
    period : int
        Number of intervals of validity, 1..144.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    key: bytes
    start_interval: int
    period: int = INTERVALS_PER_DAY

    def __post_init__(self) -> None:
        """Refuse values that no device can have."""
        _check_key(self.key)
        _check_intervals(self.start_interval, self.period)

    def __repr__(self) -> str:
        """Tell the kind and the length, never the key."""
        return f"<TemporaryExposureKey {len(self.key)} bytes>"

    @property
    def valid_from_s(self) -> int:
        """Unix time of the first second of validity."""
        return self.start_interval * INTERVAL_S

    @property
    def valid_to_s(self) -> int:
        """Unix time of the first second after validity."""
        return (self.start_interval + self.period) * INTERVAL_S


def aligned_start(interval: int) -> int:
    """Return the first interval of the UTC day that holds `interval`."""
    return interval // INTERVALS_PER_DAY * INTERVALS_PER_DAY


def generate_key(
    interval: int, *, random_bytes: Callable[[int], bytes]
) -> TemporaryExposureKey:
    """Make the key of the UTC day that holds `interval`.

    Parameters
    ----------
    interval : int
        Any ten-minute interval of the day.
    random_bytes : callable of int -> bytes
        A cryptographic source, such as `secrets.token_bytes`.

    Returns
    -------
    TemporaryExposureKey
        Valid for the whole day.
    """
    return TemporaryExposureKey(random_bytes(KEY_BYTES), aligned_start(interval))


def derive_ephemeral_ids(
    key: bytes, start_interval: int, period: int = INTERVALS_PER_DAY
) -> NDArray[np.uint8]:
    """Derive every ephemeral ID of a temporary exposure key.

    Parameters
    ----------
    key : bytes
        16 bytes.
    start_interval : int
        First interval, >= 0; the last is below 2**32.
    period : int
        Number of intervals, 1..144.

    Returns
    -------
    uint8[period, 16], read-only
        Row i is sent during interval `start_interval + i`. Source:
        docs/reference/schemes.md#gaen.

    Raises
    ------
    ValueError
        If a value is outside its range.
    """
    _check_key(key)
    blocks = _padded_data(start_interval, period)
    # The scheme prescribes single AES blocks: each is an ID, none hides another.
    encryptor = Cipher(AES(derive_subkey(key, b"EN-RPIK")), ECB()).encryptor()  # noqa: S305
    ids = np.frombuffer(encryptor.update(blocks), np.uint8)
    return ids.reshape(period, ID_BYTES)


def ephemeral_ids(
    key: bytes, start_interval: int, period: int = INTERVALS_PER_DAY
) -> tuple[EphemeralId, ...]:
    """Derive as `derive_ephemeral_ids` does, one value with its validity each."""
    step_ms = INTERVAL_S * MS_PER_S
    return tuple(
        EphemeralId(row.tobytes(), interval * step_ms, (interval + 1) * step_ms)
        for interval, row in enumerate(
            derive_ephemeral_ids(key, start_interval, period), start_interval
        )
    )


def ids_of_day(secret: bytes, day: int) -> tuple[EphemeralId, ...]:
    """Derive the 144 IDs of a UTC day number from the day's key."""
    return ephemeral_ids(secret, day * INTERVALS_PER_DAY)


def disclose_day(secret: bytes, day: int) -> Disclosure:
    """Return what is published for a case: the key, which discloses its day alone."""
    key = TemporaryExposureKey(secret, day * INTERVALS_PER_DAY)
    return Disclosure(key.key, key.valid_from_s, key.valid_to_s)


def encode_metadata(
    tx_power_dbm: int,
    confidence: CalibrationConfidence = CalibrationConfidence.LOWEST,
    version: tuple[int, int] = (1, 1),
) -> bytes:
    """Encode metadata, still to be encrypted.

    Parameters
    ----------
    tx_power_dbm : int
        Calibrated transmit power, -128..127.
    confidence : CalibrationConfidence
        How well it is known; version 1.0 carries LOWEST only.
    version : tuple of (int, int)
        (1, 0) or (1, 1).

    Returns
    -------
    bytes
        4 bytes.

    Raises
    ------
    ValueError
        If a value is outside its range or the version cannot carry it.
    """
    major, minor = version
    if major != _MAJOR or minor not in (0, 1):
        raise ValueError("metadata is written in version 1.0 or 1.1")
    if minor == 0 and confidence:
        raise ValueError("metadata 1.0 carries no calibration confidence")
    if not -128 <= tx_power_dbm <= 127:
        raise ValueError("a transmit power is -128..127 dBm")
    head = major << 6 | minor << 4 | confidence << 2
    return bytes((head, tx_power_dbm & 0xFF, 0, 0))


def decode_metadata(data: bytes) -> Metadata:
    """Read decrypted metadata.

    Parameters
    ----------
    data : bytes
        4 bytes; the last two are reserved and ignored. A minor version above 1 is
        read as 1.1, since minor versions keep the meaning of what they extend.

    Returns
    -------
    Metadata

    Raises
    ------
    TruncatedError, FormatError
        If there are fewer or more than 4 bytes.
    UnsupportedVersionError
        If the major version is not 1; so reads most metadata that was decrypted
        with a wrong key.
    """
    _check_length(data, METADATA_BYTES, "metadata")
    major, minor = data[0] >> 6, data[0] >> 4 & 3
    if major != _MAJOR:
        raise UnsupportedVersionError(
            f"Metadata of major version {major} is not supported.",
            "Leave the sighting out: version 1 is the only one ever published.",
        )
    confidence = CalibrationConfidence(data[0] >> 2 & 3 if minor else 0)
    tx_power_dbm = int.from_bytes(data[1:2], signed=True)
    return Metadata((major, minor), confidence, tx_power_dbm)


def encrypt_metadata(key: bytes, ephemeral_id: bytes, metadata: bytes) -> bytes:
    """Encrypt metadata under a temporary exposure key for one ephemeral ID.

    Parameters
    ----------
    key : bytes
        16 bytes.
    ephemeral_id : bytes
        16 bytes; the ID that is sent with it.
    metadata : bytes
        4 bytes.

    Returns
    -------
    bytes
        4 bytes. Counter mode without authentication: whoever relays an
        advertisement can flip bits of the transmit power.

    Raises
    ------
    ValueError
        If a length is wrong.
    """
    _check_key(key)
    if len(ephemeral_id) != ID_BYTES or len(metadata) != METADATA_BYTES:
        raise ValueError("an ephemeral ID has 16 bytes and metadata has 4")
    cipher = Cipher(AES(derive_subkey(key, b"EN-AEMK")), CTR(ephemeral_id))
    return cipher.encryptor().update(metadata)


def decrypt_metadata(key: bytes, ephemeral_id: bytes, metadata: bytes) -> bytes:
    """Undo `encrypt_metadata`; in counter mode both are the same operation."""
    return encrypt_metadata(key, ephemeral_id, metadata)


def encode_advertisement(
    ephemeral_id: bytes,
    encrypted_metadata: bytes,
    *,
    flags: bool = True,
    profile: DeploymentProfile = DEFAULT_PROFILE,
) -> bytes:
    """Encode the advertisement of one ephemeral ID.

    Parameters
    ----------
    ephemeral_id : bytes
        16 bytes.
    encrypted_metadata : bytes
        4 bytes.
    flags : bool
        True for the 31 bytes that iOS sends; False for the 28 bytes of a
        non-connectable advertisement of Android.
    profile : DeploymentProfile

    Returns
    -------
    bytes
        31 or 28 bytes.

    Raises
    ------
    ValueError
        If a length is wrong.
    """
    if len(ephemeral_id) != ID_BYTES or len(encrypted_metadata) != METADATA_BYTES:
        raise ValueError("an ephemeral ID has 16 bytes and metadata has 4")
    payload = ephemeral_id + encrypted_metadata
    data = encode_carrier(payload, Carrier.SERVICE_DATA, profile)
    return data if flags else data[_FLAGS_BYTES:]


def decode_advertisement(
    structures: Sequence[Structure], profile: DeploymentProfile = DEFAULT_PROFILE
) -> tuple[bytes, bytes, Carrier] | None:
    """Find the ephemeral ID and encrypted metadata of an advertisement.

    Parameters
    ----------
    structures : sequence of Structure
        In any order; only the carrier counts, since phones differ in flags, UUID
        list and length.
    profile : DeploymentProfile

    Returns
    -------
    tuple of (bytes, bytes, Carrier), or None
        16 and 4 bytes, or 16 and none where a 128-bit service UUID carried the ID;
        None if the scheme did not send it. The first service data counts where there
        are several.

    Raises
    ------
    TruncatedError, FormatError
        If the carrier has fewer or more than 20 bytes.
    """
    carried = decode_carrier(structures, profile)
    if carried is None:
        return None
    carrier, payload = carried
    return payload[:ID_BYTES], payload[ID_BYTES:], carrier


@functools.lru_cache(maxsize=64)
def _padded_data(start_interval: int, period: int) -> bytes:
    """Return the blocks to encrypt; the keys of one day share them."""
    _check_intervals(start_interval, period)
    return b"".join(
        b"EN-RPI" + bytes(6) + interval.to_bytes(4, "little")
        for interval in range(start_interval, start_interval + period)
    )


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a temporary exposure key has 16 bytes, not {len(key)}")


def _check_intervals(start_interval: int, period: int) -> None:
    if not 1 <= period <= INTERVALS_PER_DAY:
        raise ValueError(f"a rolling period is 1..144 intervals, not {period}")
    if not 0 <= start_interval <= _MAX_INTERVAL - period:
        raise ValueError("intervals of a key are numbered 0..2**32 - 1")


def _check_length(data: bytes, length: int, what: str) -> None:
    if len(data) == length:
        return
    error = TruncatedError if len(data) < length else FormatError
    raise error(
        f"{what[0].upper()}{what[1:]} has {length} bytes, this has {len(data)}.",
        "Leave the sighting out: its sender does not follow the format.",
    )
