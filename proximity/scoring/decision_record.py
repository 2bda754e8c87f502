"""Decisions as canonical JSON bytes, for the store to seal."""

from proximity.errors import UnsupportedVersionError
from proximity.scoring.canonical import encode_canonical, parse_canonical
from proximity.scoring.decision import Decision
from proximity.scoring.fields import Fields, refuse
from proximity.scoring.rule import DayScore, Level

SCHEMA = "proximity/decision/v1"
MAX_DAY = 1_000_000
MAX_NUMBER = 1e12
MAX_DAYS = range(64)
UNITS = ("min", "score", "risk", "percent")
LEVELS = tuple(level.name.lower() for level in Level)


def encode_decision(decision: Decision) -> bytes:
    """Return the canonical JSON of a decision; equal decisions give equal bytes."""
    document = {
        "schema": SCHEMA,
        "level": decision.level.name.lower(),
        "days": [_encode_day(day) for day in decision.days],
        "newest_day": decision.newest_day,
        "minutes": decision.minutes,
        "rule": decision.rule,
        "version": decision.version,
        "digest": decision.digest,
        "as_of_day": decision.as_of_day,
        "look_back_days": decision.look_back_days,
        "revision": decision.revision,
    }
    return encode_canonical(document)


def decode_decision(data: bytes) -> Decision:
    """Return the decision of canonical JSON bytes.

    Raises
    ------
    UnsupportedVersionError
        If another version of this program wrote it.
    FormatError
        Naming the field that is missing, unknown or out of range.
    """
    fields = Fields(parse_canonical(data), "decision")
    if fields.text("schema", 64) != SCHEMA:
        message = "the decision was written by another version"
        raise UnsupportedVersionError(message, "Install the newest version.")
    days = tuple(_decode_day(day) for day in fields.members("days", MAX_DAYS))
    has_day = fields.has("newest_day")
    decision = Decision(
        level=_level(fields),
        days=days,
        newest_day=fields.integer("newest_day", 0, MAX_DAY) if has_day else None,
        minutes=fields.number("minutes", 0, MAX_NUMBER),
        rule=fields.text("rule", 64),
        version=fields.integer("version", 1, 2**31 - 1),
        digest=fields.text("digest", 64),
        as_of_day=fields.integer("as_of_day", 0, MAX_DAY),
        look_back_days=fields.integer("look_back_days", 1, 14),
        revision=fields.integer("revision", 0, 2**31 - 1),
    )
    fields.finish()
    if (decision.level is Level.NONE) is not (decision.newest_day is None):
        refuse("decision.newest_day", "does not go with the level")
    return decision


def _encode_day(day: DayScore) -> dict[str, object]:
    return {
        "day": day.day,
        "value": day.value,
        "unit": day.unit,
        "level": day.level.name.lower(),
        "minutes": day.minutes,
    }


def _decode_day(fields: Fields) -> DayScore:
    day = DayScore(
        day=fields.integer("day", 0, MAX_DAY),
        value=fields.number("value", 0, MAX_NUMBER),
        unit=fields.choice("unit", UNITS),
        level=_level(fields),
        minutes=fields.number("minutes", 0, MAX_NUMBER),
    )
    fields.finish()
    return day


def _level(fields: Fields) -> Level:
    return Level[fields.choice("level", LEVELS).upper()]
