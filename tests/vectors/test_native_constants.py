"""The constants in native/ are those of the standards, computed anew."""

import math
import re
import struct
from pathlib import Path

NATIVE = Path(__file__).parents[2] / "native"
MASK = 0xFFFFFFFF


def primes(n):
    found = []
    candidate = 2
    while len(found) < n:
        if all(candidate % p for p in found):
            found.append(candidate)
        candidate += 1
    return found


def cube_root(n):
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle - 1)
    return low


# FIPS 180-4, 4.2.2 and 5.3.3: fractions of the roots of the first primes.
ROUND = [cube_root(p << 96) & MASK for p in primes(64)]
INITIAL = [math.isqrt(p << 64) & MASK for p in primes(8)]


def rotate(x, n):
    return (x >> n | x << (32 - n)) & MASK


def schedule(block):
    words = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        a, b = words[i - 15], words[i - 2]
        small = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
        great = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
        words.append((words[i - 16] + words[i - 7] + small + great) & MASK)
    return words


def compress(state, block):
    a, b, c, d, e, f, g, h = state
    for k, w in zip(ROUND, schedule(block), strict=True):
        choice = e & f ^ ~e & g
        first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + k + w
        majority = a & b ^ a & c ^ b & c
        second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority
        a, b, c, d, e, f, g, h = first + second, a, b, c, d + first, e, f, g
        a, e = a & MASK, e & MASK
    return [
        (x + y) & MASK for x, y in zip(state, (a, b, c, d, e, f, g, h), strict=True)
    ]


def table(file, name):
    text = (NATIVE / file).read_text()
    (body,) = re.findall(rf"{name}\[\d+\][^{{]*\{{([^}}]*)\}}", text)
    return [int(word, 16) for word in re.findall(r"0x[0-9a-f]+", body)]


def test_sha_256_has_its_constants():
    assert table("sha256.h", "SHA256_K") == ROUND
    assert table("sha256.h", "SHA256_IV") == INITIAL


def test_the_salt_states_are_those_of_a_zero_key():
    assert table("hkdf.h", "HKDF_SALT_INNER") == compress(INITIAL, b"\x36" * 64)
    assert table("hkdf.h", "HKDF_SALT_OUTER") == compress(INITIAL, b"\x5c" * 64)


def test_the_info_block_is_padded_and_scheduled():
    text = b"EN-RPIK\x01"
    block = text + b"\x80" + bytes(55 - len(text)) + struct.pack(">Q", 72 * 8)
    expected = [(w + k) & MASK for w, k in zip(schedule(block), ROUND, strict=True)]

    assert table("hkdf.h", "HKDF_INFO_KW") == expected
