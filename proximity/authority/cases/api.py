"""Cases over HTTP, for officers' programs: JSON in and out, days as YYYY-MM-DD."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.cases.chains import add_contact, chain_of
from proximity.authority.cases.deeds import ask_to_withdraw
from proximity.authority.cases.events import timeline
from proximity.authority.cases.finding import (
    CaseQuery,
    find_cases,
    worklist,
)
from proximity.authority.cases.forms import (
    AfterQuery,
    AskedAnswer,
    CaseAnswer,
    CaseFields,
    CaseListAnswer,
    CaseRef,
    CaseWithTimeline,
    ChainAnswer,
    ChangeRequest,
    ContactRequest,
    DayQuery,
    DecisionRequest,
    DueAnswer,
    DuplicatesAnswer,
    IndicatorsAnswer,
    MergeRequest,
    OfficerQuery,
    TextQuery,
    TokenAnswer,
    TokenRequest,
    TransferAnswer,
    TransferNumber,
    TransferRequest,
    UnitQuery,
    WithdrawRequest,
    WordQuery,
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
from proximity.authority.database import reading
from proximity.authority.verification.api import needs_key
from proximity.authority.verification.forms import Refusal, refusals
from proximity.authority.verification.model import ApiKeyKind
from proximity.units import day_from_iso, day_of, iso_day

# Whoever holds the admin key of the API acts for the whole authority.
API_SCOPE = Scope("api")


def case_routes(authority: Authority) -> APIRouter:
    """Return what concerns cases and contacts."""
    routes = APIRouter(
        prefix="/api/cases",
        dependencies=[needs_key(authority, ApiKeyKind.ADMIN)],
        responses=refusals(400, 401, 404, 409, 503)
        | {403: {"model": Refusal, "description": "Not with these rights."}},
    )
    _reading_routes(routes, authority)
    _writing_routes(routes, authority)
    _deed_routes(routes, authority)
    return routes


def _reading_routes(routes: APIRouter, authority: Authority) -> None:
    policy = load_policy(authority.directory)

    @routes.get("", response_model=CaseListAnswer)
    def cases(  # noqa: PLR0917 - one parameter for each of the query
        unit: UnitQuery = None,
        classification: WordQuery = None,
        status: WordQuery = None,
        assigned: OfficerQuery = None,
        text: TextQuery = None,
        after: AfterQuery = None,
    ) -> dict[str, Any]:
        """List cases, the latest changed first."""
        query = CaseQuery(
            unit,
            classification,
            status,
            assigned,
            text=text,
            after=parse_after(after),
        )
        with reading(authority.engine) as connection:
            page = find_cases(connection, API_SCOPE, query)
        last = page.rows[-1] if page.more else None
        return {
            "cases": list(map(case_fields, page.rows)),
            "after": None if last is None else f"{last['updated_s']}.{last['ref']}",
        }

    @routes.get("/worklist", response_model=DueAnswer)
    def due(assigned: OfficerQuery = None) -> dict[str, Any]:
        """List what is due today."""
        today = day_of(authority.now_s)
        with reading(authority.engine) as connection:
            rows = worklist(connection, API_SCOPE, assigned=assigned, today=today)
        return {"cases": list(map(case_fields, rows))}

    @routes.get("/indicators", response_model=IndicatorsAnswer)
    def figures(first: DayQuery, last: DayQuery) -> dict[str, Any]:
        """Tell how well contacts of some days were traced."""
        days = range(parse_day(first), parse_day(last) + 1)
        with reading(authority.engine) as connection:
            found = indicators(connection, API_SCOPE, days, policy)
        return found._asdict()

    @routes.get("/{ref}", response_model=CaseWithTimeline)
    def one(ref: CaseRef) -> dict[str, Any]:
        """Return one case with its timeline."""
        with reading(authority.engine) as connection:
            case = read_case(connection, API_SCOPE, ref)
            events = timeline(connection, ref)
        told = [
            {"kind": e.kind, "actor": e.actor, "at": e.at_s, "detail": e.detail}
            for e in events
        ]
        return case_fields(case) | {"timeline": told}

    @routes.get("/{ref}/chain", response_model=ChainAnswer)
    def chain(ref: CaseRef) -> dict[str, Any]:
        """Return the contacts of a case and theirs, ranked, each edge explained."""
        with reading(authority.engine) as connection:
            found = chain_of(connection, API_SCOPE, ref, policy)
        return found.as_json()

    @routes.get("/{ref}/duplicates", response_model=DuplicatesAnswer)
    def duplicates(ref: CaseRef) -> dict[str, Any]:
        """List records that may be of the same person, the likeliest first."""
        with reading(authority.engine) as connection:
            found = duplicates_of(connection, API_SCOPE, ref)
        return {"duplicates": [each._asdict() for each in found]}


def _writing_routes(routes: APIRouter, authority: Authority) -> None:
    policy = load_policy(authority.directory)
    context: dict[str, Any] = {"policy": policy}

    @routes.post("", response_model=CaseAnswer)
    def create(body: CaseFields) -> dict[str, Any]:
        """Record a case."""
        with authority.engine.begin() as connection:
            ref = create_case(
                connection,
                API_SCOPE,
                parse_fields(body.given),
                now_s=authority.now_s,
                entropy=authority.entropy,
                **context,
            )
            return case_fields(read_case(connection, API_SCOPE, ref))

    @routes.post("/{ref}", response_model=CaseAnswer)
    def change(ref: CaseRef, body: ChangeRequest) -> dict[str, Any]:
        """Change fields of a case."""
        changed = Changed(parse_fields(body.fields.given), body.version)
        with authority.engine.begin() as connection:
            row = change_case(
                connection, API_SCOPE, ref, changed, now_s=authority.now_s, **context
            )
        return case_fields(row)

    @routes.post("/{ref}/token", response_model=TokenAnswer)
    def token(ref: CaseRef, body: TokenRequest) -> dict[str, Any]:
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

    @routes.post("/{ref}/contacts", response_model=CaseAnswer)
    def contact(ref: CaseRef, body: ContactRequest) -> dict[str, Any]:
        """Record a contact that the case named."""
        days = range(parse_day(body.first), parse_day(body.last) + 1)
        with authority.engine.begin() as connection:
            target = add_contact(
                connection,
                API_SCOPE,
                ref,
                parse_fields(body.fields.given),
                days=days,
                authority=authority,
            )
            return case_fields(read_case(connection, API_SCOPE, target))


def _deed_routes(routes: APIRouter, authority: Authority) -> None:
    @routes.post("/{ref}/merge", response_model=CaseAnswer)
    def merge(ref: CaseRef, body: MergeRequest) -> dict[str, Any]:
        """Join two records of one person; the more complete one stays."""
        with authority.engine.begin() as connection:
            kept = merge_cases(
                connection, API_SCOPE, ref, body.other, now_s=authority.now_s
            )
            return case_fields(read_case(connection, API_SCOPE, kept))

    @routes.post("/{ref}/transfer", response_model=TransferAnswer)
    def transfer(ref: CaseRef, body: TransferRequest) -> dict[str, Any]:
        """Offer a case to another unit."""
        with authority.engine.begin() as connection:
            number = offer_transfer(
                connection, API_SCOPE, ref, body.unit, authority=authority
            )
        return {"transfer": number}

    @routes.post("/transfers/{number}", response_model=CaseAnswer)
    def decide(number: TransferNumber, body: DecisionRequest) -> dict[str, Any]:
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

    @routes.post("/{ref}/withdraw", status_code=202, response_model=AskedAnswer)
    def withdraw(ref: CaseRef, body: WithdrawRequest) -> dict[str, Any]:
        """Ask to take back what was published for a case that was none.

        A program asks in the name of an officer; another officer agrees in the console.
        """
        with authority.engine.begin() as connection:
            request = ask_to_withdraw(
                connection, API_SCOPE, ref, body.officer, authority=authority
            )
        return {"request": request}


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
