"""Keys per second from which ephemeral IDs are derived, and recognised sightings.

The plain form makes one cipher call for each ID, as the specification reads.
"""

import os
import platform
import time

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proximity.protocol import gaen
from proximity.protocol.scheme import recognise

START = 2_642_976
KEYS = 20_000
PLAIN_KEYS = 300
REPEATS = 3


def derive_plain(key, start_interval):
    """Return the IDs of one day, derived one by one."""
    rpik = HKDF(algorithm=SHA256(), length=16, salt=None, info=b"EN-RPIK").derive(key)
    return [
        # As the scheme prescribes: one block is one ID.
        Cipher(AES(rpik), ECB())  # noqa: S305
        .encryptor()
        .update(b"EN-RPI" + bytes(6) + interval.to_bytes(4, "little"))
        for interval in range(start_interval, start_interval + 144)
    ]


def per_second(function, items):
    """Return the best rate of several runs over the items."""
    best = 0.0
    for _ in range(REPEATS):
        started = time.perf_counter()
        for item in items:
            function(item)
        best = max(best, len(items) / (time.perf_counter() - started))
    return best


def main():
    """Check equality, then print rates and their ratio."""
    keys = [os.urandom(16) for _ in range(KEYS)]
    for key in keys[:10]:
        derived = gaen.derive_ephemeral_ids(key, START)
        assert [row.tobytes() for row in derived] == derive_plain(key, START)
    plain = per_second(lambda key: derive_plain(key, START), keys[:PLAIN_KEYS])
    fast = per_second(lambda key: gaen.derive_ephemeral_ids(key, START), keys)
    data = gaen.encode_advertisement(bytes(16), bytes(4), flags=True)
    heard = per_second(recognise, [data] * KEYS)
    print(f"{platform.machine()}, Python {platform.python_version()}, one core")
    print(f"one call for each ID      {plain:10,.0f} keys/s")
    print(f"derive_ephemeral_ids      {fast:10,.0f} keys/s  ({fast / plain:.1f} x)")
    print(f"recognise                 {heard:10,.0f} advertisements/s")


if __name__ == "__main__":
    main()
