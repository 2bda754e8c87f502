"""Pages of one case: looked at, and what is done with it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from proximity.authority.accounts.four_eyes import Wish, ask_for
from proximity.authority.api_error import ApiError
from proximity.authority.cases.api import parse_day
from proximity.authority.cases.case_sheet import CHOICES, DAYS, case_sheet, may_write
from proximity.authority.cases.chains import add_contact
from proximity.authority.cases.deeds import WITHDRAW, check_withdrawable
from proximity.authority.cases.merging import merge_cases
from proximity.authority.cases.policy import TracingPolicy, load_policy
from proximity.authority.cases.reach import (
    READ,
    WRITE,
    officers_for,
    shown_status,
    unit_of_case,
    writing_scope,
)
from proximity.authority.cases.records import (
    Changed,
    Scope,
    change_case,
    read_case,
)
from proximity.authority.cases.rules import Classification
from proximity.authority.cases.tokens import Ask, IssuedToken, issue_token
from proximity.authority.cases.transfers import offer_transfer
from proximity.authority.cases.undo import take_back_offer, undo_change
from proximity.authority.console.registry import Kind, Page
from proximity.authority.console.site import refusal_text
from proximity.authority.console.view import Redirect, View
from proximity.authority.console.visit import Visit

_Work = Callable[[Connection, Scope, str, TracingPolicy], Any]


def pages() -> list[Page]:
    """Return the pages of one case."""
    acts = {
        "change": _change,
        "token": _token,
        "contact": _contact,
        "merge": _merge,
        "withdraw": _withdraw,
        "transfer": _transfer,
        "undo": _undo,
        "keep": _keep,
    }
    found = [
        Page("case", "/cases/{case}", _show, READ, unit_of=unit_of_case),
    ]
    found += [
        Page(
            f"case-{name}",
            f"/cases/{{case}}/{name}",
            act,
            WRITE,
            Kind.ACT,
            unit_of_case,
        )
        for name, act in acts.items()
    ]
    return found


def _show(visit: Visit) -> View:
    return case_sheet(visit)


def _act(visit: Visit, action: str, work: _Work) -> Any:
    """Do something with the case of the address, with its line in the audit."""
    authority, ref = visit.authority, visit.parameters["case"]
    scope, policy = writing_scope(visit), load_policy(authority.directory)
    with authority.engine.begin() as connection:
        case = read_case(connection, scope, ref)
        confirmed = case["classification"] == Classification.F0
        if confirmed and not may_write(visit, case, unit_of_case(visit)):
            raise ApiError(409, "not_allowed", "cases are not among your rights")
        visit.note(connection, action, subject=ref)
        return work(connection, scope, ref, policy)


def _answer(visit: Visit, action: str, work: _Work) -> View:
    try:
        _act(visit, action, work)
    except ApiError as error:
        text = refusal_text(visit, error.code)
        return case_sheet(visit, text, shown_status(error))
    return Redirect(f"/cases/{visit.parameters['case']}", "cases.changed")


def _change(visit: Visit) -> View:
    form = visit.form

    def work(
        connection: Connection, scope: Scope, ref: str, policy: TracingPolicy
    ) -> None:
        fields: dict[str, Any] = {
            f"{name}_day": parse_day(text) if (text := form.text(name, 10)) else None
            for name in DAYS
            if name in form
        }
        for name in (*CHOICES, "classification"):
            if text := form.text(name, 16):
                fields[name] = text
        if "assigned" in form:
            fields["assigned"] = _assigned(visit, connection, scope, ref)
        changed = Changed(fields, _version(visit))
        change_case(connection, scope, ref, changed, policy=policy, now_s=visit.now_s)

    answer = _answer(visit, "cases.change", work)
    if isinstance(answer, Redirect) and form.text("back", 8) == "worklist":
        return Redirect("/worklist", answer.done)
    return answer


def _assigned(
    visit: Visit, connection: Connection, scope: Scope, ref: str
) -> str | None:
    """Return who is to do the work: nobody, who does it already, or who may do it."""
    wanted = visit.form.text("assigned", 254)
    case = read_case(connection, scope, ref)
    unit = unit_of_case(visit)
    known = {} if unit is None else officers_for(connection, unit)
    if wanted not in ("", case["assigned"], *known):
        raise ApiError(400, "no_such_officer", "nobody of this unit can work on it")
    return wanted or None


def _version(visit: Visit) -> int | None:
    version = visit.form.text("version", 9)
    return int(version) if version.isdecimal() else None


def _undo(visit: Visit) -> View:
    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        undo_change(connection, scope, ref, version=_version(visit), now_s=visit.now_s)

    answer = _answer(visit, "cases.undo", work)
    if isinstance(answer, Redirect):
        return Redirect(answer.to, "cases.undone")
    return answer


def _keep(visit: Visit) -> View:
    """Take back the offer to another unit."""

    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        take_back_offer(connection, scope, ref, now_s=visit.now_s)

    return _answer(visit, "cases.keep", work)


def _token(visit: Visit) -> View:
    form = visit.form

    def work(
        connection: Connection, scope: Scope, ref: str, policy: TracingPolicy
    ) -> IssuedToken:
        first, last = form.text("first", 10), form.text("last", 10)
        ask = Ask(
            ref,
            form.text("source", 10) or None,
            parse_day(first) if first else None,
            parse_day(last) if last else None,
            form.text("recursive", 3) == "yes",
        )
        return issue_token(
            connection,
            scope,
            ask,
            policy=policy,
            now_s=visit.now_s,
            entropy=visit.authority.entropy,
        )

    try:
        issued = _act(visit, "cases.token", work)
    except ApiError as error:
        text = refusal_text(visit, error.code)
        return case_sheet(visit, text, shown_status(error))
    return case_sheet(visit, issued=issued)


def _contact(visit: Visit) -> View:
    form = visit.form

    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        unit = form.text("unit", 32)
        days = range(
            parse_day(form.text("first", 10)), parse_day(form.text("last", 10)) + 1
        )
        fields = {"unit": unit or read_case(connection, scope, ref)["unit"]}
        add_contact(
            connection, scope, ref, fields, days=days, authority=visit.authority
        )

    return _answer(visit, "cases.contact", work)


def _merge(visit: Visit) -> View:
    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        other = visit.form.text("other", 10).upper()
        merge_cases(connection, scope, ref, other, now_s=visit.now_s)

    return _answer(visit, "cases.merge", work)


def _withdraw(visit: Visit) -> View:
    """Ask a second officer: what is taken back cannot be published again."""

    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        # Typed, so that nobody asks for it by a slip.
        if visit.form.text("confirm", 10).upper() != ref:
            raise ApiError(400, "not_confirmed", "the reference was not repeated")
        check_withdrawable(connection, scope, ref)
        unit = unit_of_case(visit)
        if unit is not None:
            wish = Wish(WITHDRAW, unit, ref, {})
            ask_for(connection, visit.authority, visit.officer, wish)

    answer = _answer(visit, "cases.withdraw-ask", work)
    if isinstance(answer, Redirect):
        return Redirect(answer.to, "cases.asked")
    return answer


def _transfer(visit: Visit) -> View:
    def work(
        connection: Connection, scope: Scope, ref: str, _policy: TracingPolicy
    ) -> None:
        unit = visit.form.text("unit", 32)
        offer_transfer(connection, scope, ref, unit, authority=visit.authority)

    return _answer(visit, "cases.transfer", work)
