"""What is known of phones, bodies and places before anything was heard.

Fitted offline by `proximity research fit` and read from a small versioned file;
docs/explanation/scoring.md tells the model that these numbers belong to.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

from proximity.errors import FormatError, UnsupportedVersionError
from proximity.protocol.json_fields import load_object

SCHEMA = "proximity/ranging-parameters/v1"
DEFAULT_FILE = "default-1.json"
MAX_FILE_BYTES = 262_144
MAX_KNOWN = 4_096
NAME_CHARACTERS = 64
MOST_VERSION = (1 << 31) - 1
# Wider than any radio or room, narrow enough for arithmetic: nothing that a file holds
# within these limits makes an estimate fail.
_LIMIT = 1e4
_LIMITS = {
    "level_db": (-1e3, 1e3),
    "slope_db": (1.0, 1e3),
    "direction_sd": (0.01, 100.0),
    "fast_sd": (0.01, 100.0),
    "memory_s": (1.0, _LIMIT),
    "distance_log10": (-5.0, 5.0),
    # At 2 and below the variance is infinite.
    "freedom": (2.001, _LIMIT),
    "send_hear_correlation": (-0.999, 0.999),
    "known_correlation": (-0.999, 0.999),
}
_SPREAD_DB = (0.0, 100.0)
# Of logarithms of metres.
_SPREAD_LOG10 = (0.0, 5.0)
_LOG10 = ("distance_", "motion_")


class Offset(NamedTuple):
    """How much more than usual is lost in sending and in hearing, dB."""

    send_db: float
    hear_db: float


class Fading(NamedTuple):
    """How looks vary about their level; members as in `Population`."""

    slope_db: float
    motion_sd: float
    slow_sd: float
    fast_sd: float
    packet_sd: float
    memory_s: float


@dataclass(frozen=True, slots=True)
class Population:
    """One population of encounters: how levels, distances and fading vary.

    Attributes
    ----------
    level_db : float
        Mean attenuation at 1 m.
    slope_db : float >= 1
        Attenuation per decade of distance.
    send_sd, hear_sd, send_hear_correlation : float
        Of the offsets of an unknown device, dB.
    known_send_sd, known_hear_sd, known_correlation : float
        Of what remains where the model, or the carriage, is known.
    link_sd : float
        What both directions of an encounter share: bodies and walls between.
    direction_sd : float
        What they do not share.
    place_sd : float
        Of the mean offset of a place or time.
    distance_log10, distance_place_sd, distance_device_sd, distance_pair_sd : float
        Mean of log10 of metres, and how it varies between places, devices, pairs.
    motion_sd : float
        Of log10 of metres about the mean of its encounter.
    slow_sd, fast_sd, packet_sd : float
        Fading, dB: that lasts some minutes, of one look, of one sighting.
    memory_s : float >= 1
        Time constant of motion and slow fading.
    freedom : float > 2
        Degrees of freedom of the tails: how soon a level is disbelieved.
    models, carriages : mapping of str to Offset
    """

    level_db: float
    slope_db: float
    send_sd: float
    hear_sd: float
    send_hear_correlation: float
    known_send_sd: float
    known_hear_sd: float
    known_correlation: float
    link_sd: float
    direction_sd: float
    place_sd: float
    distance_log10: float
    distance_place_sd: float
    distance_device_sd: float
    distance_pair_sd: float
    motion_sd: float
    slow_sd: float
    fast_sd: float
    packet_sd: float
    memory_s: float
    freedom: float
    models: Mapping[str, Offset] = field(default_factory=dict)
    carriages: Mapping[str, Offset] = field(default_factory=dict)

    @property
    def fading(self) -> Fading:
        """How looks vary about their level."""
        return Fading(*(getattr(self, name) for name in Fading._fields))

    def __post_init__(self) -> None:
        """Refuse what the arithmetic could not bear."""
        for name in _NUMBERS:
            usual = _SPREAD_LOG10 if name.startswith(_LOG10) else _SPREAD_DB
            low, high = _LIMITS.get(name, usual)
            # False of NaN as well.
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is out of range")


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameter file.

    Attributes
    ----------
    name : str
    version : int
    calibrated, uncalibrated : Population
        For senders whose stated power is calibrated, and for others.
    provenance : mapping
        What it was fitted on, and how; for readers alone.
    """

    name: str
    version: int
    calibrated: Population
    uncalibrated: Population
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the file's canonical form, hex."""
        return hashlib.sha256(encode_parameters(self)).hexdigest()


_KNOWN = ("models", "carriages")
_NUMBERS = tuple(f.name for f in fields(Population) if f.name not in _KNOWN)


@lru_cache(maxsize=1)
def default_parameters() -> Parameters:
    """Return the parameters of this package, frozen by name and version.

    Raises
    ------
    FormatError
        If the installed file is damaged.
    """
    folder = resources.files("proximity.ranging") / "parameters"
    return parse_parameters((folder / DEFAULT_FILE).read_bytes())


def encode_parameters(parameters: Parameters) -> bytes:
    """Return the file: JSON, the same bytes for the same parameters."""
    document = {
        "schema": SCHEMA,
        "name": parameters.name,
        "version": parameters.version,
        "provenance": dict(parameters.provenance),
        "calibrated": _document(parameters.calibrated),
        "uncalibrated": _document(parameters.uncalibrated),
    }
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def parse_parameters(data: bytes) -> Parameters:
    """Read a parameter file.

    Raises
    ------
    UnsupportedVersionError
        If it has another schema.
    FormatError
        Naming what is missing, unknown or out of range.
    """
    values = load_object(data, "The parameter file", max_bytes=MAX_FILE_BYTES)
    schema = values.pop("schema", None)
    if schema != SCHEMA:
        raise UnsupportedVersionError(
            "The parameter file has another schema than this program reads.",
            "Fit it again with `proximity research fit`.",
        )
    expected = {"name", "version", "provenance", "calibrated", "uncalibrated"}
    if set(values) != expected:
        raise _malformed("it holds other members than it should")
    name, version = values["name"], values["version"]
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS:
        raise _malformed("name is no short text")
    if type(version) is not int or not 1 <= version <= MOST_VERSION:
        raise _malformed("version is no number from 1 on")
    if not isinstance(values["provenance"], dict):
        raise _malformed("provenance is no object")
    return Parameters(
        name,
        version,
        _population(values["calibrated"], "calibrated"),
        _population(values["uncalibrated"], "uncalibrated"),
        values["provenance"],
    )


def _document(population: Population) -> dict[str, Any]:
    document = asdict(population)
    for name in _KNOWN:
        known = getattr(population, name)
        document[name] = {key: list(known[key]) for key in sorted(known)}
    return document


def _population(value: object, name: str) -> Population:
    if not isinstance(value, dict):
        raise _malformed(f"{name} is no object")
    if set(value) != {*_NUMBERS, *_KNOWN}:
        raise _malformed(f"{name} holds other numbers than it should")
    members: dict[str, Any] = {
        each: _number(value[each], f"{name}.{each}") for each in _NUMBERS
    }
    members |= {each: _offsets(value[each], f"{name}.{each}") for each in _KNOWN}
    try:
        return Population(**members)
    except ValueError as error:
        raise _malformed(f"{name}: {error}") from error


def _offsets(value: object, name: str) -> dict[str, Offset]:
    if not isinstance(value, dict) or len(value) > MAX_KNOWN:
        raise _malformed(f"{name} is no object of at most {MAX_KNOWN} members")
    found = {}
    for key, pair in value.items():
        if not isinstance(pair, list) or len(pair) != len(Offset._fields):
            raise _malformed(f"a member of {name} is no list of two numbers")
        found[key] = Offset(*(_number(each, name) for each in pair))
    return found


def _number(value: object, name: str) -> float:
    if type(value) not in (int, float):
        raise _malformed(f"{name} is no number")
    # Compared before it is converted: an integer may be larger than any float.
    if not -_LIMIT <= value <= _LIMIT:  # type: ignore[operator]  # just looked at
        raise _malformed(f"{name} is out of range")
    return float(value)  # type: ignore[arg-type]  # as above


def _malformed(what: str) -> FormatError:
    return FormatError(
        f"The parameters of ranging cannot be used: {what}.",
        "Use a file that `proximity research fit` wrote.",
    )
