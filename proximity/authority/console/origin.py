"""Where the console is, and whether a request was meant for it."""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request

from proximity.authority.api_error import ApiError
from proximity.authority.settings import Settings


def origin_of(request: Request, settings: Settings) -> str:
    """Return the address by which a browser reached the console.

    Raises
    ------
    ApiError
        If it is not the one of the settings; without one, if it is not this machine.
        So no name that somebody makes point here shows the console.
    """
    host = request.headers.get("host", "")
    if settings.console_url:
        if host != urlsplit(settings.console_url).netloc:
            raise _elsewhere()
        return settings.console_url
    if not is_this_machine(host):
        raise _elsewhere()
    return f"http://{host}"


def check_source(request: Request, origin: str) -> None:
    """Refuse a form that a page of somebody else sent.

    Raises
    ------
    ApiError
        With status 403.
    """
    source = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if source not in (None, origin) or site not in ("same-origin", "none"):
        raise ApiError(403, "other_site", "the form came from another site")


def is_this_machine(host: str) -> bool:
    """Tell whether a host and port name a loopback address."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def browser_kind(agent: str) -> str:
    """Return in words what kind of browser and system says so; no version."""
    browsers = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chromium"}
    systems = {
        "Android": "Android",
        "iPhone": "iOS",
        "iPad": "iOS",
        "Windows": "Windows",
        "Mac OS": "macOS",
        "Linux": "Linux",
    }
    browser = next((kind for mark, kind in browsers.items() if mark in agent), "")
    system = next((kind for mark, kind in systems.items() if mark in agent), "")
    browser = browser or ("Safari" if "Safari" in agent else "?")
    return f"{browser} · {system}" if system else browser


def _elsewhere() -> ApiError:
    return ApiError(421, "elsewhere", "the console is not at this address")
