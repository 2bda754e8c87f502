"""What this device advertises: the ID of the interval under the key of the day."""

import sqlite3
from collections.abc import Callable

from proximity.protocol.gaen import (
    CalibrationConfidence,
    derive_ephemeral_ids,
    encode_advertisement,
    encode_metadata,
    encrypt_metadata,
    generate_key,
)
from proximity.store.own_keys import OwnKey, add_key, current_key
from proximity.store.sealing import SealingKey
from proximity.units import interval_of


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
    fresh = generate_key(interval, random_bytes=entropy)
    return add_key(connection, sealing, fresh.key, fresh.start_interval)


def advertisement_at(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    t_s: float,
    *,
    tx_power_dbm: int,
    entropy: Callable[[int], bytes],
) -> bytes:
    """Return the advertisement of a time: an ID of ten minutes and its metadata.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    t_s : float
        Unix seconds.
    tx_power_dbm : int
        Transmit power of this device's radio, -128..127.
    entropy : callable int -> bytes
        Gives so many secret random bytes, for a new day's key.

    Returns
    -------
    bytes
        28 bytes, without flags: the form of a non-connectable advertisement.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be used.
    """
    own = key_at(connection, sealing, t_s, entropy)
    position = interval_of(t_s) - own.start_interval
    ids = derive_ephemeral_ids(own.key, own.start_interval, own.period)
    ephemeral_id = ids[position].tobytes()
    metadata = encode_metadata(tx_power_dbm, confidence=CalibrationConfidence.LOWEST)
    sealed = encrypt_metadata(own.key, ephemeral_id, metadata)
    return encode_advertisement(ephemeral_id, sealed, flags=False)
