"""The rules of accounts: addresses, passwords, and how a password is kept."""

import re

import argon2
from sqlalchemy import Connection, insert

from proximity.authority.accounts.model import accounts
from proximity.errors import PolicyError

ADMIN = "admin"
MIN_PASSWORD_CHARACTERS = 12
_MAX_PASSWORD_CHARACTERS = 256
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def check_account(email: str, password: str) -> None:
    """Refuse an address that is none, and a password that is easily guessed.

    Raises
    ------
    PolicyError
        The message says which; it repeats neither.
    """
    if not _EMAIL.fullmatch(email):
        raise PolicyError("The address is not one of e-mail.", "Give name@domain.")
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= _MAX_PASSWORD_CHARACTERS:
        raise PolicyError(
            f"The password has not {MIN_PASSWORD_CHARACTERS} to "
            f"{_MAX_PASSWORD_CHARACTERS} characters.",
            "Choose a sentence that nobody else would say.",
        )


def add_account(
    connection: Connection, email: str, password: str, *, role: str, now_s: int
) -> None:
    """Store a person who may sign in, with an Argon2id hash of the password.

    Raises
    ------
    PolicyError
        As `check_account`.
    """
    check_account(email, password)
    connection.execute(
        insert(accounts).values(
            email=email.lower(),
            role=role,
            password_hash=argon2.PasswordHasher().hash(password),
            made_s=now_s,
        )
    )
