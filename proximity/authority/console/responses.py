"""From what a page answers to what a browser gets."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from proximity.authority.console.cookies import Cookies
from proximity.authority.console.frame import render
from proximity.authority.console.registry import PREFIX, Page, Registry
from proximity.authority.console.view import (
    Csv,
    Html,
    Json,
    Redirect,
    SignedIn,
    View,
    encode_csv,
)
from proximity.authority.console.visit import Visit

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would make browsers say `Origin: null` of the console's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_HTTPS = {"Strict-Transport-Security": "max-age=31536000"}
_KEPT = "public, max-age=31536000, immutable"


def make_response(
    view: View, visit: Visit, cookies: Cookies, *, registry: Registry, page: Page | None
) -> Response:
    """Return the response of HTTP for a view.

    Parameters
    ----------
    view : View
    visit : Visit
    cookies : Cookies
        Sessions begin and end in them.
    registry : Registry
    page : Page | None
        None for a refusal.
    """
    match view:
        case Html(template, context, status):
            text = render(
                visit, registry, template=template, page=page, context=context
            )
            return Response(text, status, media_type="text/html")
        case Json(fields, status):
            return JSONResponse(dict(fields), status)
        case Csv(name):
            headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
            return StreamingResponse(encode_csv(view), 200, headers, "text/csv")
        case Redirect(to, done):
            return _see(to + ("?" + urlencode({"done": done}) if done else ""))
        case SignedIn(token, to, as_json):
            there = {"to": PREFIX + to}
            response = JSONResponse(there) if as_json else _see(to)
            cookies.keep_session(response, token)
            return response
        case _:
            response = _see("/sign-in?done=sign-in.ended")
            cookies.drop_session(response)
            return response


def seal(response: Response, *, https: bool, kept: bool = False) -> Response:
    """Give a response the headers that every one of the console has.

    Parameters
    ----------
    response : Response
    https : bool
    kept : bool
        Whether browsers may keep it: only files without anybody's data.
    """
    headers = _HEADERS | (_HTTPS if https else {})
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = _KEPT if kept else "no-store"
    return response


def go(to: str, request: Request) -> Response:
    """Lead a browser elsewhere, also when only a part of a page was asked for."""
    if "hx-request" in request.headers:
        return Response("", 200, {"HX-Redirect": PREFIX + to})
    return _see(to)


def _see(to: str) -> Response:
    return RedirectResponse(PREFIX + to, 303)
