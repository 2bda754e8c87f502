"""Passwords."""

import argon2
import pytest

from proximity.authority.accounts.passwords import (
    _NOBODY,
    check_password,
    hash_password,
    is_password,
)
from proximity.authority.accounts.refusal import RefusalError

PASSWORD = "a sentence that nobody says"  # noqa: S105 - of a test
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_a_password_is_kept_as_argon2id():
    kept = hash_password(PASSWORD)

    assert kept.startswith("$argon2id$")
    assert argon2.PasswordHasher().verify(kept, PASSWORD)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 257, "abababababab"])
def test_a_password_has_its_bounds_and_is_not_repeated(password):
    with pytest.raises(RefusalError, match="password") as caught:
        check_password(password)

    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    "kept",
    [None, "no hash", QUICK.hash(PASSWORD)],
    # A hash is another one in every process of the tests.
    ids=["nobody", "damaged", "another"],
)
def test_another_password_is_none(kept):
    assert not is_password("nobody has this password", kept)


def test_the_right_password_is_known():
    assert is_password(PASSWORD, hash_password(PASSWORD))


def test_the_hash_of_nobody_takes_as_much_work_as_that_of_a_new_password():
    of_nobody, of_somebody = argon2.extract_parameters(_NOBODY), argon2.PasswordHasher()

    for cost in ("time_cost", "memory_cost", "parallelism", "hash_len", "salt_len"):
        assert getattr(of_nobody, cost) == getattr(of_somebody, cost)
