"""What this device advertises: the ID of the moment under the key of the day."""

import hmac
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proximity.protocol import bluezone, gaen
from proximity.protocol.carrier import (
    DEFAULT_PROFILE,
    Carrier,
    DeploymentProfile,
    encode_carrier,
)
from proximity.protocol.gaen import CalibrationConfidence, derive_ephemeral_ids
from proximity.store.own_keys import OwnKey, add_key, current_key
from proximity.store.sealing import SealingKey
from proximity.units import DAY_S, INTERVAL_S, MS_PER_S, interval_of

# In which carriers an ID of each scheme can travel, the best first.
CARRIERS: Mapping[str, tuple[Carrier, ...]] = {
    gaen.NAME: (
        Carrier.SERVICE_DATA,
        Carrier.MANUFACTURER_DATA,
        Carrier.SERVICE_UUID,
    ),
    bluezone.NAME: (Carrier.MANUFACTURER_DATA,),
}
# For how long one ID of each scheme is sent; a day has a whole number of them.
ID_LENGTH_S: Mapping[str, int] = {
    gaen.NAME: INTERVAL_S,
    bluezone.NAME: bluezone.slot_ms() // MS_PER_S,
}


@dataclass(frozen=True, slots=True)
class Form:
    """In which form a device sends its ID.

    Attributes
    ----------
    tx_power_dbm : int
        Transmit power of this device's radio, -128..127; told where the scheme can.
    scheme : str
        A name in `CARRIERS`.
    carrier : Carrier
        One of the scheme's.
    profile : DeploymentProfile
        Of gaen; Bluezone has its own numbers.
    confidence : CalibrationConfidence
        How well `tx_power_dbm` is known; a driver's own word is worth the lowest.
    """

    tx_power_dbm: int
    scheme: str = gaen.NAME
    carrier: Carrier = Carrier.SERVICE_DATA
    profile: DeploymentProfile = DEFAULT_PROFILE
    confidence: CalibrationConfidence = CalibrationConfidence.LOWEST


def key_at(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    t_s: float,
    entropy: Callable[[int], bytes],
) -> OwnKey:
    """Return the key that is valid at a time; make and store it if there is none.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be used.
    """
    interval = interval_of(t_s)
    known = current_key(connection, sealing, interval)
    if known is not None:
        return known
    fresh = gaen.generate_key(interval, random_bytes=entropy)
    return add_key(connection, sealing, fresh.key, fresh.start_interval)


def bluezone_key(key: bytes) -> bytes:
    """Return the Bluezone key of the day on which a temporary exposure key is used.

    Parameters
    ----------
    key : bytes
        16 bytes, of this device.

    Returns
    -------
    bytes
        32 bytes. Days are independent, as their temporary exposure keys are: the key
        that Bluezone's chain makes of this one for the next day is never used.
    """
    return hmac.digest(key, b"proximity bluezone day", "sha256")


def advertisement_at(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    t_s: float,
    *,
    form: Form,
    entropy: Callable[[int], bytes],
) -> bytes:
    """Return the advertisement of a time: one ID, and its metadata if it has any.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    t_s : float
        Unix seconds.
    form : Form
    entropy : callable int -> bytes
        Gives so many secret random bytes, for a new day's key.

    Returns
    -------
    bytes
        22..28 bytes: the form of a non-connectable advertisement.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be used.
    """
    own = key_at(connection, sealing, t_s, entropy)
    if form.scheme == bluezone.NAME:
        ids = bluezone.derive_ephemeral_ids(bluezone_key(own.key))
        slot = int(t_s % DAY_S) // ID_LENGTH_S[bluezone.NAME]
        return bluezone.encode_advertisement(ids[slot])
    return _gaen_advertisement(own, interval_of(t_s), form)


def _gaen_advertisement(own: OwnKey, interval: int, form: Form) -> bytes:
    ids = derive_ephemeral_ids(own.key, own.start_interval, own.period)
    ephemeral_id = ids[interval - own.start_interval].tobytes()
    metadata = gaen.encode_metadata(form.tx_power_dbm, confidence=form.confidence)
    sealed = gaen.encrypt_metadata(own.key, ephemeral_id, metadata)
    if form.carrier is Carrier.SERVICE_DATA:
        # Without flags, as Android sends what nobody may connect to.
        return gaen.encode_advertisement(
            ephemeral_id, sealed, flags=False, profile=form.profile
        )
    return encode_carrier(ephemeral_id + sealed, form.carrier, form.profile)
