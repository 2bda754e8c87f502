"""Cases in the database: made, read within a scope, changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    insert,
    select,
    update,
)

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import Event, note
from proximity.authority.cases.model import cases
from proximity.authority.cases.policy import TracingPolicy
from proximity.authority.cases.rules import (
    ENDED,
    CallResult,
    Classification,
    Origin,
    Status,
    TestResult,
    case_window,
    may_move,
)
from proximity.units import day_of

# Without the letters and digits that are mistaken for each other when read out.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REF_CHARACTERS = 10
_DAYS = range(100_000)
_DAY_FIELDS = (
    *("onset_day", "test_day", "from_day", "to_day", "isolated_day"),
    *("quarantine_from_day", "quarantine_to_day", "due_day"),
)
_CHOICES: Mapping[str, type] = {
    "classification": Classification,
    "status": Status,
    "call_result": CallResult,
    "test_result": TestResult,
}
_TEXTS: Mapping[str, int] = {"unit": 32, "assigned": 254}
# The number of a record in which the person is sealed.
_NUMBERS: Mapping[str, range] = {
    "person": range(1, 2**53),
    **dict.fromkeys(_DAY_FIELDS, _DAYS),
}
_NEVER_EMPTY = frozenset({"classification", "status", "unit"})
EDITABLE = frozenset({*_NUMBERS, *_CHOICES, *_TEXTS})
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and which units that person may see.

    Attributes
    ----------
    actor : str
        For the timeline.
    units : frozenset of str or None
        None: all of this authority.
    confirmed : frozenset of str or None
        Of them, those whose confirmed cases may be changed too; None: all of them.
    """

    actor: str
    units: frozenset[str] | None = None
    confirmed: frozenset[str] | None = None

    def allows(self, unit: str) -> bool:
        """Tell whether a unit lies within."""
        return self.units is None or unit in self.units

    def may_change(self, classification: str, unit: str) -> bool:
        """Tell whether a record of this kind may be changed, or made, in a unit."""
        bounded = self.confirmed if classification == Classification.F0 else None
        return self.allows(unit) and (bounded is None or unit in bounded)

    def condition(self) -> ColumnElement[bool]:
        """Return what selects the cases within."""
        if self.units is None:
            return cases.c.ref.is_not(None)
        return cases.c.unit.in_(sorted(self.units))


class Changed(NamedTuple):
    """What an officer wants of a case, and which version they saw."""

    fields: Mapping[str, Any]
    version: int | None = None


def create_case(
    connection: Connection,
    scope: Scope,
    fields: Mapping[str, Any],
    *,
    policy: TracingPolicy,
    now_s: int,
    entropy: Callable[[int], bytes],
) -> str:
    """Record a case; return its reference.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    scope : Scope
    fields : mapping
        Of `EDITABLE`, and `origin`; at least `unit` and `classification`.
    policy : TracingPolicy
    now_s : int
        Unix seconds.
    entropy : callable int -> bytes

    Raises
    ------
    ApiError
        If a field cannot be, or the unit is not within the scope.
    """
    given = dict(fields)
    origin = _choice("origin", given.pop("origin", Origin.INTERVIEW), Origin)
    values = checked_fields(given)
    if not values.get("unit") or not values.get("classification"):
        raise _bad("a case has a unit and a classification")
    if not scope.may_change(values["classification"], values["unit"]):
        raise ApiError(403, "forbidden", "the unit, or cases of it, are not yours")
    ref = "".join(_ALPHABET[byte % 32] for byte in entropy(REF_CHARACTERS))
    row: Row = {
        "ref": ref,
        "status": Status.OPEN,
        "origin": origin,
        "due_day": day_of(now_s),
        "created_s": now_s,
        "updated_s": now_s,
        "version": 1,
        **values,
    }
    row |= _derived(policy, row, values, now_s)
    connection.execute(insert(cases).values(row))
    note(connection, ref, Event("created", scope.actor, now_s, {"origin": origin}))
    return ref


def read_case(connection: Connection, scope: Scope, ref: str) -> Row:
    """Return a case.

    Raises
    ------
    ApiError
        404 if there is none within the scope: that there is one elsewhere is not told.
    """
    row = (
        connection.execute(select(cases).where(cases.c.ref == ref, scope.condition()))
        .mappings()
        .first()
    )
    if row is None:
        raise ApiError(404, "not_found", "there is no such case")
    return dict(row)


def change_case(
    connection: Connection,
    scope: Scope,
    ref: str,
    changed: Changed,
    *,
    policy: TracingPolicy,
    now_s: int,
) -> Row:
    """Change fields of a case; return it as it is then.

    Raises
    ------
    ApiError
        400 if a field cannot be, 404 as `read_case`, 409 if somebody else changed it
        meanwhile or it has ended for good.
    """
    before = read_case(connection, scope, ref)
    values = checked_fields(changed.fields)
    if not scope.allows(str(values.get("unit", before["unit"]))):
        raise ApiError(403, "forbidden", "a transfer hands a case to another unit")
    for row in (before, before | values):
        if not scope.may_change(row["classification"], row["unit"]):
            raise ApiError(403, "not_allowed", "cases are not among your rights")
    if changed.version not in (None, before["version"]):
        raise ApiError(409, "conflict", "somebody else changed the case meanwhile")
    status = Status(str(values.get("status", before["status"])))
    if not may_move(Status(before["status"]), status):
        raise ApiError(409, "invalid_state", "the case cannot go there from its state")
    values = {name: v for name, v in values.items() if v != before[name]}
    if not values:
        return before
    after = before | values
    values |= _derived(policy, after, values, now_s)
    write_case(connection, before, values, now_s=now_s)
    told = {name: [before[name], v] for name, v in values.items() if name in EDITABLE}
    note(connection, ref, Event("changed", scope.actor, now_s, told))
    return read_case(connection, Scope(scope.actor), ref)


def write_case(
    connection: Connection, before: Row, values: Mapping[str, Any], *, now_s: int
) -> None:
    """Write fields of a case that nobody changed since it was read.

    Raises
    ------
    ApiError
        409 if somebody did.
    """
    done = connection.execute(
        update(cases)
        .where(cases.c.ref == before["ref"], cases.c.version == before["version"])
        .values(**values, updated_s=now_s, version=before["version"] + 1)
    )
    if not done.rowcount:
        raise ApiError(409, "conflict", "somebody else changed the case meanwhile")


def checked_fields(fields: Mapping[str, Any]) -> Row:
    """Return fields of a case, each of its type and range.

    Raises
    ------
    ApiError
        400, naming the field.
    """
    return {name: _checked(name, value) for name, value in fields.items()}


def _checked(name: str, value: object) -> Any:
    if name not in EDITABLE:
        raise _bad(f"a case has no field {name[:40]!r}")
    if value in (None, ""):
        if name in _NEVER_EMPTY:
            raise _bad(f"{name} cannot be empty")
        return None
    if name in _CHOICES:
        return _choice(name, value, _CHOICES[name])
    if name in _NUMBERS:
        if type(value) is not int or value not in _NUMBERS[name]:
            raise _bad(f"{name} is not a number in its range")
    elif not _is_code(value, _TEXTS[name]):
        raise _bad(f"{name} is not a text of at most {_TEXTS[name]} characters")
    return value


def _derived(
    policy: TracingPolicy, case: Row, changed: Mapping[str, Any], now_s: int
) -> Row:
    """Return what follows from fields that were given or changed."""
    values: Row = {}
    named = {"from_day", "to_day"} & set(changed)
    moved = {"onset_day", "test_day", "isolated_day", "classification"} & set(changed)
    if moved and not named and case["classification"] == Classification.F0:
        window = case_window(
            policy,
            onset_day=case.get("onset_day"),
            test_day=case.get("test_day"),
            isolated_day=case.get("isolated_day"),
        )
        if window is not None:
            values |= window._asdict()
    told = case.get("status"), case.get("call_result")
    reached = {Status.REACHED, Status.FOLLOWED, CallResult.REACHED} & {*told}
    if reached and case.get("reached_s") is None:
        values["reached_s"] = now_s
    if "status" in changed:
        ended = case["status"] in ENDED
        values["ended_s"] = now_s if ended else None
        # What has ended is never due; what begins again is, at once.
        if "due_day" not in changed:
            values["due_day"] = None if ended else case["due_day"] or day_of(now_s)
    return values


def _choice(name: str, value: object, kind: type) -> str:
    try:
        return str(kind(value))
    except ValueError as error:
        raise _bad(f"{name} is none of what it can be") from error


def _is_code(text: object, limit: int) -> bool:
    # Units and officers: nothing that a page could mistake for markup.
    if not isinstance(text, str) or not 0 < len(text) <= limit:
        return False
    return text.isprintable() and set(text).isdisjoint("<>\"'&")


def _bad(message: str) -> ApiError:
    return ApiError(400, "bad_request", message)
