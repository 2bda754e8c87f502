"""The derivation of subkeys, beside the library's."""

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proximity.protocol.hkdf import derive_subkey


@pytest.mark.parametrize("length", [1, 16, 32])
@pytest.mark.parametrize("info", [b"EN-RPIK", b"EN-AEMK", b""])
@pytest.mark.parametrize("key", [bytes(16), bytes(range(16)), b"\xff" * 64, bytes(100)])
def test_a_subkey_is_that_of_the_library(key, info, length):
    expected = HKDF(SHA256(), length, salt=None, info=info).derive(key)

    assert derive_subkey(key, info, length) == expected


@pytest.mark.parametrize("length", [0, 33])
def test_what_needs_more_than_one_block_is_refused(length):
    with pytest.raises(ValueError, match=r"1\.\.32 bytes"):
        derive_subkey(bytes(16), b"", length)
