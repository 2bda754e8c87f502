"""Deployment profiles as JSON: three numbers in hex, as `"company_id": "0xffff"`."""

import re
from dataclasses import fields
from typing import Any

from proximity.errors import FormatError
from proximity.protocol.carrier import DeploymentProfile
from proximity.protocol.json_fields import load_object

MAX_PROFILE_BYTES = 4_096

_WHAT = "The deployment profile"
_NUMBER = re.compile("0x[0-9a-f]{1,4}", re.IGNORECASE | re.ASCII)
_NAMES = tuple(field.name for field in fields(DeploymentProfile))


def parse_profile(data: bytes) -> DeploymentProfile:
    """Read a profile from a file of its own.

    Parameters
    ----------
    data : bytes
        One JSON object, at most 4 KiB.

    Raises
    ------
    TooLargeError
        If there are more bytes.
    FormatError
        If it is not JSON, or as `take_profile` raises it.
    """
    return take_profile(load_object(data, _WHAT, max_bytes=MAX_PROFILE_BYTES))


def take_profile(document: dict[str, Any]) -> DeploymentProfile:
    """Return the profile that an object holds.

    Parameters
    ----------
    document : dict
        With all three numbers: one that is misspelt must not pass for the default.

    Raises
    ------
    FormatError
        If a number is missing, or not 0x0 to 0xffff; names it.
    """
    return DeploymentProfile(**{name: _number(document, name) for name in _NAMES})


def profile_members(profile: DeploymentProfile) -> dict[str, str]:
    """Return a profile as `take_profile` reads it."""
    return {name: f"0x{getattr(profile, name):04x}" for name in _NAMES}


def _number(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise FormatError(
            f"{_WHAT}: `{name}` is not a number from 0x0 to 0xffff in hex.",
            f"Give all of {', '.join(_NAMES)}, each as in 0xfd6f.",
        )
    return int(value, 16)
