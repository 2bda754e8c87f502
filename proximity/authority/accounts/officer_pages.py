"""Pages on which accounts are kept: officers, their roles, their sessions."""

from sqlalchemy import ColumnElement, Connection, select

from proximity.authority.accounts.deeds import GRANT, MOVE, RESET
from proximity.authority.accounts.enrolment import new_enrolment
from proximity.authority.accounts.four_eyes import Wish, ask_for
from proximity.authority.accounts.model import (
    Area,
    Grant,
    Role,
    Unit,
    officers,
    organisations,
)
from proximity.authority.accounts.moving import (
    move_needs_second_officer,
    move_officer,
)
from proximity.authority.accounts.officers import (
    MOST_LISTED,
    Account,
    NewOfficer,
    add_officer,
    find_account,
    give_role,
    grants_of,
    is_alone,
    lock_account,
    locked_in,
    search_accounts,
    take_role,
    unlock_account,
)
from proximity.authority.accounts.organisations import (
    find_organisation,
    list_organisations,
    unit_names,
)
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import (
    check_grant,
    common_unit,
    highest_unit,
    needs_second_officer,
    reads,
    writes,
)
from proximity.authority.accounts.sessions import (
    end_sessions,
    live_sessions,
)
from proximity.authority.api_error import ApiError
from proximity.authority.console.registry import Group, Kind, Page
from proximity.authority.console.view import Csv, Html, Redirect, View
from proximity.authority.console.visit import Visit
from proximity.authority.database import reading

_READ, _WRITE = reads(Area.ACCOUNTS), writes(Area.ACCOUNTS)


def pages() -> list[Page]:
    """Return the pages of officers."""
    return [
        Page("officers", "/officers", _list, _READ, nav=Group.PEOPLE),
        Page("officers-found", "/officers/found", _found, _READ, Kind.FRAGMENT),
        Page("officers-csv", "/officers.csv", _csv, _READ, Kind.CSV),
        Page("officer-new", "/officers/new", _new, _WRITE),
        Page("officer-add", "/officers", _add, _WRITE, Kind.ACT),
        Page("officer", "/officers/{officer}", _show, _READ, unit_of=unit_of_officer),
        *(
            Page(
                f"officer-{name}",
                f"/officers/{{officer}}/{name}",
                answer,
                _WRITE,
                Kind.ACT,
                unit_of_officer,
            )
            for name, answer in (
                ("give", _give),
                ("take", _take),
                ("disable", _disable),
                ("enable", _enable),
                ("reset", _reset),
                ("code", _code),
                ("move", _move),
                ("sign-out", _sign_out),
            )
        ),
    ]


def unit_of_officer(visit: Visit) -> Unit | None:
    """Return where the officer of the address works."""
    with reading(visit.authority.engine) as connection:
        row = connection.execute(
            select(organisations.c.id, organisations.c.path)
            .join(officers, officers.c.unit == organisations.c.id)
            .where(officers.c.id == visit.parameters["officer"])
        ).first()
    return None if row is None else Unit(row.id, row.path)


def _in_reach(visit: Visit) -> ColumnElement[bool]:
    return visit.reach(_READ, officers.c.unit)


def _searched(visit: Visit, connection: Connection) -> dict[str, object]:
    text = visit.query.text("q", 100)
    found = search_accounts(connection, _in_reach(visit), text)
    units = unit_names(connection, {each.unit for each in found})
    return {"found": found, "units": units, "q": text, "most": MOST_LISTED}


def _list(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        return Html("accounts/officers.html", _searched(visit, connection))


def _found(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        return Html("accounts/officers_found.html", _searched(visit, connection))


def _csv(visit: Visit) -> View:
    with reading(visit.authority.engine) as connection:
        found = search_accounts(connection, _in_reach(visit))
        units = unit_names(connection, {each.unit for each in found})
    header = [visit.t(f"officers.{each}") for each in ("name", "email", "unit")]
    rows = [(each.name, each.email, units[each.unit]) for each in found]
    return Csv("officers", header, rows)


def _new(visit: Visit) -> View:
    return _new_view(visit)


def _new_view(visit: Visit, error: str = "") -> Html:
    with reading(visit.authority.engine) as connection:
        units = list_organisations(connection, visit.reach(_WRITE, organisations.c.id))
    context = {
        "page_name": "officer-new",
        "error": error,
        "units": units,
        "roles": list(Role),
        "typed": visit.form,
    }
    return Html("accounts/officer_new.html", context, 400 if error else 200)


def _add(visit: Visit) -> View:
    try:
        with visit.authority.engine.begin() as connection:
            unit = _unit_to_keep(visit, connection)
            new = NewOfficer(
                id=visit.authority.entropy(8).hex(),
                email=visit.form.text("email", 254),
                name=visit.form.text("name", 120),
                unit=unit.id,
            )
            visit.note(connection, "account.add", subject=new.id)
            add_officer(connection, new, visit.now_s)
            role = visit.form.text("role", 16)
            if role and _grant(visit, connection, new.id, unit):
                # The second officer gets the code: else one could be both.
                return Redirect(f"/officers/{new.id}", "officer.asked-new")
            code = new_enrolment(connection, visit.authority, new.id)
            account = find_account(connection, new.id)
    except RefusalError as error:
        return _new_view(visit, visit.t(f"error.{error.code}"))
    return _code_view(account, code)


def _code_view(account: Account | None, code: str) -> Html:
    context = {"page_name": "officer-new", "account": account, "code": code}
    return Html("accounts/officer_code.html", context)


def _unit_to_keep(visit: Visit, connection: Connection) -> Unit:
    """Return the unit that a form names, if its accounts are the visitor's to keep."""
    found = find_organisation(connection, visit.form.text("unit", 32))
    if found is None or not visit.may(_WRITE, found.unit):
        raise RefusalError(
            "not_your_unit", "This unit's accounts are not yours.", "Choose another."
        )
    return found.unit


def _grant(visit: Visit, connection: Connection, receiver: str, unit: Unit) -> bool:
    """Give the role that a form names, or ask a second officer; tell whether it waits.

    The very first administrator is alone and cannot ask anybody.
    """
    name = visit.form.text("role", 16)
    if name not in set(Role):
        raise ApiError(400, "bad_form", "there is no such role")
    grant = Grant(Role(name), unit)
    check_grant(visit.officer, receiver, grant)
    if needs_second_officer(visit.officer, grant.role, unit) and not is_alone(
        connection
    ):
        details = {"role": grant.role.value, "unit": unit.id}
        wish = Wish(GRANT, unit, receiver, details)
        visit.note(connection, "account.role-ask", subject=receiver)
        ask_for(connection, visit.authority, visit.officer, wish)
        return True
    visit.note(connection, "account.role-give", subject=receiver)
    give_role(connection, receiver, grant.role, unit.id)
    return False


def _show(visit: Visit) -> View:
    return _show_view(visit)


def _show_view(visit: Visit, error: str = "") -> Html:
    officer_id = visit.parameters["officer"]
    with reading(visit.authority.engine) as connection:
        account = _account(connection, officer_id)
        held = grants_of(connection, officer_id)
        context = {
            "error": error,
            "account": account,
            "grants": held,
            "names": unit_names(
                connection, {each.unit.id for each in held} | {account.unit}
            ),
            "units": list_organisations(
                connection, visit.reach(_WRITE, organisations.c.id)
            ),
            "roles": list(Role),
            "sessions": live_sessions(connection, officer_id, visit.now_s),
            "may_write": visit.may(_WRITE, unit_of_officer(visit)),
            "is_self": officer_id == visit.officer.id,
            "takeable": {each for each in held if visit.may(_WRITE, each.unit)},
        }
    return Html("accounts/officer.html", context, 400 if error else 200)


def _account(connection: Connection, officer_id: str) -> Account:
    account = find_account(connection, officer_id)
    if account is None:
        raise ApiError(404, "not_found", "there is no such officer")
    return account


def _back(visit: Visit, done: str) -> View:
    return Redirect(f"/officers/{visit.parameters['officer']}", done)


def _give(visit: Visit) -> View:
    with visit.authority.engine.begin() as connection:
        unit = _unit_to_keep(visit, connection)
        waits = _grant(visit, connection, visit.parameters["officer"], unit)
    return _back(visit, "officer.asked" if waits else "officer.given")


def _take(visit: Visit) -> View:
    receiver, name = visit.parameters["officer"], visit.form.text("role", 16)
    if name not in set(Role):
        raise ApiError(400, "bad_form", "there is no such role")
    with visit.authority.engine.begin() as connection:
        unit = _unit_to_keep(visit, connection)
        check_grant(visit.officer, receiver, Grant(Role(name), unit))
        visit.note(connection, "account.role-take", subject=receiver)
        take_role(connection, receiver, Role(name), unit.id)
    return _back(visit, "officer.taken")


def _not_self(visit: Visit) -> str:
    receiver = visit.parameters["officer"]
    if receiver == visit.officer.id:
        raise RefusalError("own_rights", "Nobody does this to themselves.", "Ask.")
    return receiver


def _disable(visit: Visit) -> View:
    receiver = _not_self(visit)
    with visit.authority.engine.begin() as connection:
        _reach_of(visit, connection)
        visit.note(connection, "account.disable", subject=receiver)
        above = highest_unit(visit.officer, _WRITE) or visit.officer.unit
        lock_account(connection, receiver, above.id, visit.now_s)
    return _back(visit, "officer.disabled")


def _enable(visit: Visit) -> View:
    receiver = _not_self(visit)
    with visit.authority.engine.begin() as connection:
        _reach_of(visit, connection)
        above = locked_in(connection, receiver)
        if above is not None and not visit.may(_WRITE, above):
            raise RefusalError("locked_above", "Locked from above.", "Ask above.")
        visit.note(connection, "account.enable", subject=receiver)
        unlock_account(connection, receiver)
    return _back(visit, "officer.enabled")


def _reach_of(visit: Visit, connection: Connection) -> Unit:
    """Return the unit above all that an officer's rights reach, if it is the visitor's.

    New credentials are a way to all of these rights, and a lock takes them all.
    """
    home = unit_of_officer(visit)
    held = grants_of(connection, visit.parameters["officer"])
    unit = common_unit([*([home] if home else []), *(each.unit for each in held)])
    if not visit.may(_WRITE, unit):
        raise RefusalError(
            "beyond_you", "Their rights reach beyond your units.", "Ask above."
        )
    return unit


def _reset(visit: Visit) -> View:
    receiver = _not_self(visit)
    with visit.authority.engine.begin() as connection:
        unit = _reach_of(visit, connection)
        visit.note(connection, "account.reset-ask", subject=receiver)
        ask_for(
            connection, visit.authority, visit.officer, Wish(RESET, unit, receiver, {})
        )
    return _back(visit, "officer.asked")


def _code(visit: Visit) -> View:
    """Hand out another first code; only to who never had two factors.

    Who has rights that the visitor could not give alone gets it by a second officer.
    """
    receiver = _not_self(visit)
    with visit.authority.engine.begin() as connection:
        unit = _reach_of(visit, connection)
        account = _account(connection, receiver)
        if account.enrolled_s is not None:
            raise RefusalError("is_enrolled", "They are set up.", "Ask for a reset.")
        held = grants_of(connection, receiver)
        beyond = any(
            needs_second_officer(visit.officer, each.role, each.unit) for each in held
        )
        if beyond and not is_alone(connection):
            visit.note(connection, "account.reset-ask", subject=receiver)
            wish = Wish(RESET, unit, receiver, {})
            ask_for(connection, visit.authority, visit.officer, wish)
            return _back(visit, "officer.asked")
        visit.note(connection, "account.code", subject=receiver)
        code = new_enrolment(connection, visit.authority, receiver)
    return _code_view(account, code)


def _move(visit: Visit) -> View:
    """Let somebody work elsewhere; with a second officer if they would see more."""
    receiver = _not_self(visit)
    with visit.authority.engine.begin() as connection:
        to, reach = _unit_to_keep(visit, connection), _reach_of(visit, connection)
        home, held = unit_of_officer(visit), grants_of(connection, receiver)
        if home is None or home == to:
            return _back(visit, "officer.there")
        eyes = move_needs_second_officer(visit.officer, held, home, to)
        if eyes and not is_alone(connection):
            visit.note(connection, "account.move-ask", subject=receiver)
            details = {"from": home.id, "unit": to.id}
            wish = Wish(MOVE, common_unit([reach, to]), receiver, details)
            ask_for(connection, visit.authority, visit.officer, wish)
            return _back(visit, "officer.asked")
        visit.note(connection, "account.move", subject=receiver)
        move_officer(connection, receiver, home.id, to.id)
    return _back(visit, "officer.moved")


def _sign_out(visit: Visit) -> View:
    receiver = visit.parameters["officer"]
    with visit.authority.engine.begin() as connection:
        visit.note(connection, "session.end", subject=receiver)
        end_sessions(connection, receiver, visit.now_s)
    return _back(visit, "sessions.ended")
