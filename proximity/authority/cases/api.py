"""Cases over HTTP, for officers' programs: JSON in and out, days as YYYY-MM-DD."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.chains import add_contact, chain_of
from proximity.authority.cases.events import timeline
from proximity.authority.cases.finding import (
    CaseQuery,
    find_cases,
    worklist,
)
from proximity.authority.cases.indicators import indicators
from proximity.authority.cases.merging import duplicates_of, merge_cases
from proximity.authority.cases.policy import load_policy
from proximity.authority.cases.records import (
    Changed,
    Row,
    Scope,
    change_case,
    create_case,
    read_case,
)
from proximity.authority.cases.rules import completeness
from proximity.authority.cases.tokens import Ask, issue_token
from proximity.authority.cases.transfers import decide_offer, offer_transfer
from proximity.authority.cases.withdrawal import withdraw_case
from proximity.authority.database import reading
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.model import ApiKeyKind
from proximity.units import day_from_iso, day_of, iso_day

# Whoever holds the admin key of the API acts for the whole authority.
API_SCOPE = Scope("api")
_Fields = dict[str, Any]
_Ref = Annotated[str, Field(max_length=32)]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class ChangeRequest(_Body):
    """Body of a change."""

    fields: _Fields
    version: int | None = None


class TokenRequest(_Body):
    """Body of an asking."""

    source: _Ref | None = None
    first: str | None = None
    last: str | None = None
    recursive: bool = False


class ContactRequest(_Body):
    """Body of a contact that was told in an interview."""

    fields: _Fields
    first: str
    last: str


class MergeRequest(_Body):
    """Body of a merge: the other record."""

    other: _Ref


class TransferRequest(_Body):
    """Body of an offer to another unit."""

    unit: Annotated[str, Field(max_length=32)]


class DecisionRequest(_Body):
    """Body of a decision on an offer."""

    accept: bool


def case_routes(authority: Authority) -> APIRouter:
    """Return what concerns cases and contacts."""
    routes = APIRouter(
        prefix="/api/cases",
        dependencies=[needs_key(authority, ApiKeyKind.ADMIN)],
        include_in_schema=False,
    )
    _reading_routes(routes, authority)
    _writing_routes(routes, authority)
    _deed_routes(routes, authority)
    return routes


def _reading_routes(routes: APIRouter, authority: Authority) -> None:
    policy = load_policy(authority.directory)

    @routes.get("")
    def cases(  # noqa: PLR0917 - one parameter for each of the query
        unit: str | None = None,
        classification: str | None = None,
        status: str | None = None,
        assigned: str | None = None,
        text: Annotated[str | None, Query(min_length=2, max_length=32)] = None,
        after: Annotated[str | None, Query(max_length=64)] = None,
    ) -> dict[str, Any]:
        """List cases, the latest changed first."""
        query = CaseQuery(
            unit, classification, status, assigned, text, after=parse_after(after)
        )
        with reading(authority.engine) as connection:
            page = find_cases(connection, API_SCOPE, query)
        last = page.rows[-1] if page.more else None
        return {
            "cases": list(map(case_fields, page.rows)),
            "after": None if last is None else f"{last['updated_s']}.{last['ref']}",
        }

    @routes.get("/worklist")
    def due(assigned: str | None = None) -> dict[str, Any]:
        """List what is due today."""
        today = day_of(authority.now_s)
        with reading(authority.engine) as connection:
            rows = worklist(connection, API_SCOPE, assigned=assigned, today=today)
        return {"cases": list(map(case_fields, rows))}

    @routes.get("/indicators")
    def figures(first: str, last: str) -> dict[str, Any]:
        """Tell how well contacts of some days were traced."""
        days = range(parse_day(first), parse_day(last) + 1)
        with reading(authority.engine) as connection:
            found = indicators(connection, API_SCOPE, days, policy)
        return found._asdict()

    @routes.get("/{ref}")
    def one(ref: str) -> dict[str, Any]:
        """Return one case with its timeline."""
        with reading(authority.engine) as connection:
            case = read_case(connection, API_SCOPE, ref)
            events = timeline(connection, ref)
        told = [
            {"kind": e.kind, "actor": e.actor, "at": e.at_s, "detail": e.detail}
            for e in events
        ]
        return case_fields(case) | {"timeline": told}

    @routes.get("/{ref}/chain")
    def chain(ref: str) -> dict[str, Any]:
        """Return the contacts of a case and theirs, ranked, each edge explained."""
        with reading(authority.engine) as connection:
            found = chain_of(connection, API_SCOPE, ref, policy)
        return found.as_json()

    @routes.get("/{ref}/duplicates")
    def duplicates(ref: str) -> dict[str, Any]:
        """List records that may be of the same person, the likeliest first."""
        with reading(authority.engine) as connection:
            found = duplicates_of(connection, API_SCOPE, ref)
        return {"duplicates": [each._asdict() for each in found]}


def _writing_routes(routes: APIRouter, authority: Authority) -> None:
    policy = load_policy(authority.directory)
    context: dict[str, Any] = {"policy": policy}

    @routes.post("")
    def create(body: _Fields) -> dict[str, Any]:
        """Record a case."""
        with authority.engine.begin() as connection:
            ref = create_case(
                connection,
                API_SCOPE,
                parse_fields(body),
                now_s=authority.now_s,
                entropy=authority.entropy,
                **context,
            )
            return case_fields(read_case(connection, API_SCOPE, ref))

    @routes.post("/{ref}")
    def change(ref: str, body: ChangeRequest) -> dict[str, Any]:
        """Change fields of a case."""
        changed = Changed(parse_fields(body.fields), body.version)
        with authority.engine.begin() as connection:
            row = change_case(
                connection, API_SCOPE, ref, changed, now_s=authority.now_s, **context
            )
        return case_fields(row)

    @routes.post("/{ref}/token")
    def token(ref: str, body: TokenRequest) -> dict[str, Any]:
        """Make a token by which the person may share; it is shown this once."""
        ask = Ask(
            ref,
            body.source,
            None if body.first is None else parse_day(body.first),
            None if body.last is None else parse_day(body.last),
            body.recursive,
        )
        with authority.engine.begin() as connection:
            issued = issue_token(
                connection,
                API_SCOPE,
                ask,
                now_s=authority.now_s,
                entropy=authority.entropy,
                **context,
            )
        return {
            "token": issued.token,
            "expiresAtTimestamp": issued.until_s,
            "first": iso_day(issued.first_day),
            "last": iso_day(issued.last_day),
        }

    @routes.post("/{ref}/contacts")
    def contact(ref: str, body: ContactRequest) -> dict[str, Any]:
        """Record a contact that the case named."""
        days = range(parse_day(body.first), parse_day(body.last) + 1)
        with authority.engine.begin() as connection:
            target = add_contact(
                connection,
                API_SCOPE,
                ref,
                parse_fields(body.fields),
                days=days,
                authority=authority,
            )
            return case_fields(read_case(connection, API_SCOPE, target))


def _deed_routes(routes: APIRouter, authority: Authority) -> None:
    @routes.post("/{ref}/merge")
    def merge(ref: str, body: MergeRequest) -> dict[str, Any]:
        """Join two records of one person; the more complete one stays."""
        with authority.engine.begin() as connection:
            kept = merge_cases(
                connection, API_SCOPE, ref, body.other, now_s=authority.now_s
            )
            return case_fields(read_case(connection, API_SCOPE, kept))

    @routes.post("/{ref}/transfer")
    def transfer(ref: str, body: TransferRequest) -> dict[str, Any]:
        """Offer a case to another unit."""
        with authority.engine.begin() as connection:
            number = offer_transfer(
                connection, API_SCOPE, ref, body.unit, authority=authority
            )
        return {"transfer": number}

    @routes.post("/transfers/{number}")
    def decide(number: str, body: DecisionRequest) -> dict[str, Any]:
        """Accept or decline a case that is offered."""
        with authority.engine.begin() as connection:
            ref = decide_offer(
                connection,
                API_SCOPE,
                number,
                accept=body.accept,
                authority=authority,
            )
            return case_fields(read_case(connection, API_SCOPE, ref))

    @routes.post("/{ref}/withdraw")
    def withdraw(ref: str) -> dict[str, Any]:
        """Take back what was published for a case that was none."""
        with authority.engine.begin() as connection:
            done = withdraw_case(connection, API_SCOPE, ref, authority=authority)
        return done._asdict()


def case_fields(row: Row) -> dict[str, Any]:
    """Return a case as JSON: its days as ISO dates, and how complete it is."""
    fields = {
        name.removesuffix("_day"): None if value is None else iso_day(value)
        for name, value in row.items()
        if name.endswith("_day")
    }
    kept = {name: v for name, v in row.items() if not name.endswith("_day")}
    return kept | fields | {"completeness": completeness(row)}


def parse_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as cases have them, from their JSON.

    Raises
    ------
    ApiError
        400 if a day is none.
    """
    days = {"onset", "test", "from", "to", "isolated", "due"}
    days |= {"quarantine_from", "quarantine_to"}
    return {
        (f"{name}_day" if name in days else name): (
            parse_day(value) if name in days and value not in (None, "") else value
        )
        for name, value in fields.items()
    }


def parse_day(text: object) -> int:
    """Return the day number of YYYY-MM-DD.

    Raises
    ------
    ApiError
        400 if it is no day.
    """
    try:
        return day_from_iso(str(text))
    except ValueError as error:
        raise ApiError(400, "bad_request", "a day is YYYY-MM-DD") from error


def parse_after(text: str | None) -> tuple[int, str] | None:
    """Return where a page begins, as the page before has told it.

    Raises
    ------
    ApiError
        400 if no page has told so.
    """
    if not text:
        return None
    seconds, _, ref = text.partition(".")
    if not seconds.isdecimal() or len(seconds) > 12 or not ref.isalnum():
        raise ApiError(400, "bad_request", "no page ends there")
    return int(seconds), ref
