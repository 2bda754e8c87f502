"""Every request to the console goes through here, whatever page it is for.

    place → session → door → source and token of the form → thing → right → page

Only when all of that holds does a page's own code run.
"""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from proximity.authority.accounts.model import ROOT_UNIT, Officer
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import allowed
from proximity.authority.accounts.sessions import (
    Session,
    find_session,
    touch_session,
)
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.audit.trail import note_tail
from proximity.authority.console.catalogue import load_catalogue, translate
from proximity.authority.console.cookies import Cookies, form_token
from proximity.authority.console.frame import static_files
from proximity.authority.console.origin import browser_kind, check_source, origin_of
from proximity.authority.console.registry import PREFIX, Door, Kind, Page, Registry
from proximity.authority.console.responses import go, make_response, seal
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Audit, Form, Visit
from proximity.authority.database import reading
from proximity.authority.service.structured_log import log_event
from proximity.authority.settings import LANGUAGES
from proximity.errors import FormatError, PolicyError, ProximityError, TrustError

SIGN_IN, SET_UP, START = "/sign-in", "/set-up", "/today"
_NOBODY = Officer("", "", "", ROOT_UNIT, ())


class Console:
    """The console of one authority.

    Parameters
    ----------
    authority : Authority
    registry : Registry
    audit : Audit
        Where deeds are written down.
    """

    def __init__(self, authority: Authority, registry: Registry, audit: Audit) -> None:
        self._authority = authority
        self._registry = registry
        self._audit = audit
        self._https = authority.settings.console_url.startswith("https:")

    def routes(self) -> list[Route]:
        """Return an address for each page, and one for the files that browsers keep.

        They take the request as it is: nothing of it is left to the framework to read.
        """
        routes = [
            Route(PREFIX + page.path, self._endpoint(page), methods=[page.method])
            for page in self._registry.pages
        ]
        routes.append(Route(f"{PREFIX}/static/{{name:path}}", self._static))
        routes.append(Route(PREFIX, partial(go, START)))
        # Last, for whatever is none of these.
        routes.append(Route(f"{PREFIX}/{{rest:path}}", self._endpoint(_NOWHERE)))
        return routes

    def _endpoint(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            body = await request.body()
            return await run_in_threadpool(self._serve, page, request, body)

        return answer

    def _static(self, request: Request) -> Response:
        file = static_files().get(request.path_params["name"])
        if file is None:
            return seal(Response("", 404), https=self._https)
        response = Response(file.content, media_type=file.media_type)
        return seal(response, https=self._https, kept=True)

    def _serve(self, page: Page, request: Request, body: bytes) -> Response:
        try:
            origin = origin_of(request, self._authority.settings)
            cookies = Cookies(request, https=self._https)
            browser = cookies.browser or self._authority.entropy(32).hex()
            visit = self._visit(request, cookies, origin=origin, browser=browser)
            # Parts of pages ask by themselves: that is nobody's being there.
            if visit.session is not None and page.kind is not Kind.FRAGMENT:
                touch_session(self._authority, visit.session)
        except ApiError as error:
            return seal(Response(str(error), error.status), https=self._https)
        except SQLAlchemyError as error:
            log_event("failure", error=type(error).__name__)
            return seal(Response("503", 503), https=self._https)
        response = self._answer(page, visit, request, body=body, cookies=cookies)
        if page.kind is Kind.ACT:
            self._note_tail()
        if not cookies.browser:
            cookies.keep_browser(response, browser)
        if visit.language != cookies.language:
            cookies.keep_language(response, visit.language)
        return seal(response, https=self._https)

    def _note_tail(self) -> None:
        """Keep the end of the audit: lines of deeds come with their transactions."""
        try:
            note_tail(self._authority)
        except (ProximityError, SQLAlchemyError) as error:
            # What was done is done; the next line is kept together with this one.
            log_event("failure", error=type(error).__name__)

    def _answer(
        self,
        page: Page,
        visit: Visit,
        request: Request,
        *,
        body: bytes,
        cookies: Cookies,
    ) -> Response:
        elsewhere = _door(page, visit.session)
        if elsewhere is not None:
            return go(elsewhere, request)
        shown: Page | None = page
        try:
            visit = replace(visit, query=Form(request.url.query.encode()))
            if page.kind is Kind.ACT:
                check_source(request, visit.origin)
                visit = replace(visit, form=Form(body))
                _check_form(visit, request)
            _check_right(page, visit)
            view = page.answer(visit)
        except (ProximityError, SQLAlchemyError) as error:
            view, shown = _refusal(visit, error), None
        return make_response(view, visit, cookies, registry=self._registry, page=shown)

    def _visit(
        self, request: Request, cookies: Cookies, *, origin: str, browser: str
    ) -> Visit:
        session, officer = self._who(cookies.session)
        wanted = (
            request.query_params.get("lang", ""),
            cookies.language,
            self._authority.settings.language,
        )
        language = next(each for each in wanted if each in LANGUAGES)
        return Visit(
            authority=self._authority,
            officer=officer,
            session=session,
            parameters=request.path_params,
            query=Form(),
            form=Form(),
            translate=partial(_translated, language),
            audit=self._audit,
            browser=bytes.fromhex(browser),
            client=request.client.host if request.client else "",
            agent=browser_kind(request.headers.get("user-agent", "")),
            language=language,
            origin=origin,
            form_token=form_token(cookies.session if session else browser),
        )

    def _who(self, token: str) -> tuple[Session | None, Officer]:
        if not token:
            return None, _NOBODY
        with reading(self._authority.engine) as connection:
            session = find_session(connection, token, self._authority.now_s)
            officer = load_officer(connection, session.officer) if session else None
        if session is None or officer is None:
            return None, _NOBODY
        return session, officer


def _nowhere(_visit: Visit) -> View:
    raise ApiError(404, "not_found", "there is no such page")


_NOWHERE = Page("nowhere", "/{rest}", _nowhere, door=Door.OPEN)


def _door(page: Page, session: Session | None) -> str | None:
    """Return where somebody has to go first."""
    if page.door is Door.OPEN:
        return None
    if session is None:
        return SIGN_IN
    if page.door is Door.SIGNED_IN and session.is_enrolling:
        return SET_UP
    return None


def _check_form(visit: Visit, request: Request) -> None:
    given = visit.form.text("csrf", 64) or request.headers.get("x-csrf", "")
    if not hmac.compare_digest(visit.form_token.encode(), given.encode()):
        raise ApiError(403, "form_token", "the form is of another session")


def _check_right(page: Page, visit: Visit) -> None:
    unit = None
    if page.unit_of is not None:
        unit = page.unit_of(visit)
        # What is not there and what is not theirs look the same.
        if unit is None or (
            page.needs and not allowed(visit.officer, page.needs, unit)
        ):
            raise ApiError(404, "not_found", "there is no such page")
    if page.needs is not None and not allowed(visit.officer, page.needs, unit):
        raise ApiError(403, "not_allowed", "this is not among your rights")


def _refusal(visit: Visit, error: ProximityError | SQLAlchemyError) -> View:
    """Return the page that says in the visitor's language what is refused."""
    status, code = 503, "unavailable"
    if isinstance(error, ApiError):
        status, code = error.status, error.code
    elif isinstance(error, RefusalError):
        status, code = 400, error.code
    elif isinstance(error, PolicyError | FormatError | TrustError):
        status, code = 400, "other"
    else:
        log_event("failure", error=type(error).__name__)
    return Html("console/refused.html", {"text": refusal_text(visit, code)}, status)


def refusal_text(visit: Visit, code: str) -> str:
    """Return what a code of a refusal means, in the visitor's language."""
    message = f"error.{code}"
    return visit.t(message if message in load_catalogue() else "error.other")


def _translated(language: str, message: str, **values: object) -> str:
    return translate(load_catalogue(), language, message, values)
