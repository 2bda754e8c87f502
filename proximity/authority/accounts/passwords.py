"""Passwords: their bounds, and how they are kept."""

import argon2

from proximity.authority.accounts.refusal import RefusalError

MIN_CHARACTERS = 12
_MAX_CHARACTERS = 256
_HASHER = argon2.PasswordHasher()
# Verified when there is no account, and of no password: an answer takes as long either
# way. It is written down, as to compute it would hold up every start of the service.
_NOBODY = (
    f"$argon2id$v=19$m={_HASHER.memory_cost},t={_HASHER.time_cost}"
    f",p={_HASHER.parallelism}${'A' * 22}${'A' * 43}"
)


def check_password(password: str) -> None:
    """Refuse a password that is easily guessed.

    Raises
    ------
    PolicyError
        The message does not repeat it.
    """
    if not MIN_CHARACTERS <= len(password) <= _MAX_CHARACTERS:
        raise RefusalError(
            "password_length",
            f"The password has not {MIN_CHARACTERS} to {_MAX_CHARACTERS} characters.",
            "Choose a sentence that nobody else would say.",
        )
    if len(set(password)) < 5:
        raise RefusalError(
            "password_repeats",
            "The password repeats a few characters.",
            "Choose a sentence that nobody else would say.",
        )


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password that holds the rules.

    Raises
    ------
    PolicyError
        As `check_password`.
    """
    check_password(password)
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Tell whether a password is the one of a hash; as slow if there is none."""
    try:
        _HASHER.verify(password_hash or _NOBODY, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return password_hash is not None
