"""Refusals with a code."""

import re
from pathlib import Path

from proximity.authority import accounts
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.console.catalogue import load_catalogue
from proximity.errors import PolicyError


def test_a_refusal_is_one_of_policy_with_a_code():
    error = RefusalError("email", "No address.", "Give one.")

    assert isinstance(error, PolicyError)
    assert (error.code, error.hint) == ("email", "Give one.")


def test_every_code_is_said_in_every_language():
    folder = Path(accounts.__file__).parent
    codes = {
        code
        for file in folder.glob("*.py")
        for code in re.findall(
            r'(?:RefusalError|_not_yours)\(\s*"(\w+)"', file.read_text()
        )
    }

    assert len(codes) > 20
    assert {each for each in codes if f"error.{each}" not in load_catalogue()} == set()
