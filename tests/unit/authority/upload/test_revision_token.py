"""Revision tokens."""

import base64
import os

import pytest

from proximity.authority.keyring import Secret
from proximity.authority.upload.revision_token import (
    MAX_ENTRIES,
    make_token,
    read_token,
)

SECRET = Secret("00" * 8, 0, None, b"s" * 32)
OTHER = Secret("01" * 8, 0, None, b"t" * 32)


def some(count: int):
    return {(os.urandom(16), 144 * n, 144) for n in range(count)}


def token(keys, secret=SECRET):
    return make_token(keys, secret, "vn", os.urandom)


def test_keys_come_back():
    keys = some(14)

    assert read_token(token(keys), [OTHER, SECRET], "vn") == keys


def test_a_token_does_not_tell_how_many_keys_it_is_for():
    assert len({len(token(some(n))) for n in (0, 1, 14, 60)}) == 1


def test_of_too_many_keys_the_latest_stay():
    keys = some(MAX_ENTRIES + 5)
    kept = read_token(token(keys), [SECRET], "vn")

    assert len(kept) == MAX_ENTRIES
    assert min(key[1] for key in kept) == 5 * 144


def test_a_token_of_another_authority_or_secret_is_none():
    text = token(some(1))

    assert read_token(text, [SECRET], "fr") is None
    assert read_token(text, [OTHER], "vn") is None
    assert (
        read_token(token(some(1), OTHER), [SECRET._replace(kid=OTHER.kid)], "vn")
        is None
    )


@pytest.mark.parametrize(
    "text", ["", "AAAA", "%", "é", base64.b64encode(bytes(8)).decode()]
)
def test_what_is_no_token_is_none(text):
    assert read_token(text, [SECRET], "vn") is None
