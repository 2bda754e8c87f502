"""What a device was told about its runs: settings.json, and pinned keys beside it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from proximity.client.notification import languages
from proximity.client.own_broadcast import CARRIERS
from proximity.errors import FileAccessError, FormatError, StoreError
from proximity.protocol import gaen
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.json_fields import as_object, load_object, take_int
from proximity.protocol.profile_file import profile_members, take_profile
from proximity.protocol.public_keys import parse_public_keys
from proximity.protocol.signature import VerificationKey

SETTINGS_FILE = "settings.json"
KEYS_FILE = "public_keys.json"
_WHAT = "The file of settings"
_MAX_BYTES = 65_536
_CORRECT = f"Correct {SETTINGS_FILE} in the home folder, or delete it."
_TX_POWER_DBM = range(-128, 128)


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How a device runs.

    Attributes
    ----------
    source_url : str | None
        Address of an authority's published directory; None asks nobody.
    backend : str | None
        Name of the radio's backend; None takes the best that can be used.
    language : str
        Of notices, one of `languages()`.
    tx_power_dbm : int
        -128..127, calibrated transmit power as others are told it. Laptops are not in
        the published calibrations; the default is near what phones have there.
    scheme : str
        In which it advertises, one of `CARRIERS`; it hears all.
    profile : DeploymentProfile
        The numbers under which it advertises and listens.
    """

    source_url: str | None = None
    backend: str | None = None
    language: str = "vi"
    tx_power_dbm: int = -20
    scheme: str = gaen.NAME
    profile: DeploymentProfile = DEFAULT_PROFILE


def read_settings(home: Path) -> RunSettings:
    """Read the settings of a home; those of a new device if there are none.

    Parameters
    ----------
    home : pathlib.Path

    Raises
    ------
    FormatError
        If the file is something else.
    StoreError
        If it cannot be read.
    """
    data = _read(home / SETTINGS_FILE)
    if data is None:
        return RunSettings()
    try:
        document = load_object(data, _WHAT, max_bytes=_MAX_BYTES)
    except FormatError as error:
        raise FormatError(str(error), _CORRECT) from error
    language = _text_or_none(document, "language")
    if language not in languages():
        raise _malformed("language", f"one of {', '.join(languages())}")
    return RunSettings(
        _text_or_none(document, "source_url"),
        _text_or_none(document, "backend"),
        language,
        take_int(document, "tx_power_dbm", _WHAT, _TX_POWER_DBM),
        _scheme(document),
        _profile(document),
    )


def write_settings(home: Path, settings: RunSettings) -> None:
    """Store settings in place of earlier ones, for their owner alone.

    Raises
    ------
    StoreError
        If they cannot be written.
    """
    members = asdict(settings) | {"profile": profile_members(settings.profile)}
    text = json.dumps(members, indent=2, ensure_ascii=False) + "\n"
    _write(home / SETTINGS_FILE, text.encode())


def read_keys(file: Path) -> bytes:
    """Read a file of public keys, whatever it is, up to what such a file can have.

    Raises
    ------
    FileAccessError
        If it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise FileAccessError(
            "The file of keys cannot be read.",
            f"See that this user may read it ({error.strerror}).",
        ) from error


def pin_keys(home: Path, data: bytes) -> None:
    """Pin the public keys of an authority in place of earlier ones.

    Parameters
    ----------
    home : pathlib.Path
    data : bytes
        public_keys.json, got by a way that can be trusted.

    Raises
    ------
    FormatError
        If it is something else; the earlier keys stay.
    StoreError
        If it cannot be written.
    """
    parse_public_keys(data)
    _write(home / KEYS_FILE, data)


def pinned_keys(home: Path) -> tuple[VerificationKey, ...]:
    """Return the public keys that this device believes; none at first.

    Raises
    ------
    FormatError
        If the file is something else.
    StoreError
        If it cannot be read.
    """
    data = _read(home / KEYS_FILE)
    keys = () if data is None else parse_public_keys(data)
    return tuple(pinned.verification_key for pinned in keys)


def _text_or_none(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is not None and not isinstance(value, str):
        raise _malformed(name, "a text")
    return value


def _scheme(document: dict[str, Any]) -> str:
    # Files of before there was a choice do not name it.
    scheme = document.get("scheme", gaen.NAME)
    if not isinstance(scheme, str) or scheme not in CARRIERS:
        raise _malformed("scheme", f"one of {', '.join(CARRIERS)}")
    return scheme


def _profile(document: dict[str, Any]) -> DeploymentProfile:
    if "profile" not in document:
        return DEFAULT_PROFILE
    try:
        return take_profile(as_object(document["profile"], f"{_WHAT}: `profile`"))
    except FormatError as error:
        raise FormatError(str(error), f"{error.hint} {_CORRECT}") from error


def _malformed(name: str, expected: str) -> FormatError:
    return FormatError(
        f"{_WHAT}: `{name}` is not {expected}.",
        _CORRECT,
    )


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            # One byte more than any such file has: it is refused as too long then.
            return stream.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(file, error) from error


def _write(file: Path, data: bytes) -> None:
    # Under another name until it is whole: a kill must not leave half a file behind.
    begun = file.with_suffix(".begun")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        begun.unlink(missing_ok=True)
        descriptor = os.open(begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        begun.replace(file)
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{file.name} in the home folder cannot be used.",
        f"See that the folder may be read and written ({error.strerror}).",
    )
