"""What matching is measured on: keys of a fortnight, and what a device heard in it."""

import hmac
from collections.abc import Callable

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray

from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Encounters

DAY = 20_000
DAYS = 14
SIGHTINGS_OF_ID = 3
PLANTED = 200


def keys_over_days(n: int) -> DiagnosisKeys:
    """Return n random keys, as many of each of fourteen days, days mixed."""
    rng = np.random.default_rng(1)
    days = DAY + np.arange(n, dtype=np.int64) % DAYS
    return DiagnosisKeys(
        key=rng.integers(0, 256, (n, 16), np.uint8),
        start_interval=days * 144,
        period=np.full(n, 144, np.int64),
        report_type=np.ones(n, np.uint8),
        days_since_onset=np.zeros(n, np.int16),
        transmission_risk=np.zeros(n, np.uint8),
    )


def stored(n: int) -> Encounters:
    """Return n random IDs, heard evenly over fourteen days."""
    rng = np.random.default_rng(2)
    interval = DAY * 144 + np.arange(n, dtype=np.int64) * 144 * DAYS // n
    t_ms = interval[:, None] * 600_000 + np.arange(SIGHTINGS_OF_ID) * 1_000
    return Encounters(
        ephemeral_id=rng.integers(0, 256, (n, 16), np.uint8),
        metadata=np.zeros((n, 4), np.uint8),
        offsets=np.arange(n + 1, dtype=np.int64) * SIGHTINGS_OF_ID,
        t_ms=t_ms.ravel(),
        rssi_dbm=np.full(n * SIGHTINGS_OF_ID, -60, np.int8),
    )


def plant(heard: Encounters, keys: DiagnosisKeys) -> Encounters:
    """Put IDs of some keys in, each where it was heard at its time."""
    ids = heard.ephemeral_id.copy()
    intervals = heard.t_ms[heard.offsets[:-1]] // 600_000
    for i in range(min(PLANTED, len(keys.key))):
        start = int(keys.start_interval[i])
        row = int(np.searchsorted(intervals, start)) + i // DAYS
        if row < len(ids) and intervals[row] < start + 144:
            sent = derive_ephemeral_ids(keys.key[i].tobytes(), start)
            ids[row] = sent[intervals[row] - start]
    return heard._replace(ephemeral_id=ids)


def hmac_form(heard: Encounters) -> Callable[[DiagnosisKeys], NDArray[np.int64]]:
    """Return the best form with the library's HMAC, one ECB call and a bitmap.

    It finds positions among the derived IDs whose first eight bytes were heard.
    """
    halves = np.sort(np.ascontiguousarray(heard.ephemeral_id).view("<u8")[:, 0])
    bits = max(16, (64 * len(halves)).bit_length())
    bitmap = np.zeros(1 << min(bits, 24), np.bool_)
    mask = np.uint64(len(bitmap) - 1)
    bitmap[halves & mask] = True
    salt, info = bytes(32), b"EN-RPIK\x01"
    blocks = {
        DAY + day: b"".join(
            b"EN-RPI" + bytes(6) + ((DAY + day) * 144 + i).to_bytes(4, "little")
            for i in range(144)
        )
        for day in range(DAYS)
    }

    def find(keys: DiagnosisKeys) -> NDArray[np.int64]:
        found = []
        days = (keys.start_interval // 144).tolist()
        secrets = keys.key.tobytes()
        for begin in range(0, len(days), 256):
            batch = []
            for i in range(begin, min(begin + 256, len(days))):
                extracted = hmac.digest(salt, secrets[16 * i : 16 * i + 16], "sha256")
                derived = hmac.digest(extracted, info, "sha256")[:16]
                # The scheme prescribes single blocks: each is an ID of its own.
                cipher = Cipher(AES(derived), ECB())  # noqa: S305
                batch.append(cipher.encryptor().update(blocks[days[i]]))
            prefix = np.frombuffer(b"".join(batch), "<u8")[::2]
            hits = np.flatnonzero(bitmap[prefix & mask])
            at = np.searchsorted(halves, prefix[hits])
            known = halves[np.minimum(at, len(halves) - 1)] == prefix[hits]
            found.append(begin * 144 + hits[known])
        return np.concatenate(found)

    return find
