"""What the authority remembers does not tell the keys."""

import pytest

from proximity.authority.publish.model import (
    AuthorityState,
    PublishSettings,
    WaitingKey,
    key_digest,
)
from proximity.protocol.key_file import UploadedKey


def test_a_digest_is_the_sha256_in_lower_case_hex():
    assert key_digest(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_the_repr_of_the_state_tells_sizes_only():
    key = bytes(range(16))
    waiting = {key_digest(key): WaitingKey(UploadedKey(key, 1), revised=False)}
    state = AuthorityState("VN", waiting=waiting)

    assert repr(state) == "<AuthorityState VN waiting=1 known=0 files=0>"


@pytest.mark.parametrize("minimum", [-1, 500_001, 10**12])
def test_a_minimum_that_no_machine_could_pad_is_refused(minimum: int):
    with pytest.raises(ValueError, match="minimum is 0 to 500000"):
        PublishSettings(minimum=minimum)
