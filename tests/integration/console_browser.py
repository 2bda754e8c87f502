"""The console in a real browser: served on loopback, seen through Chromium."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from console_world import World
from playwright.sync_api import Browser, Page, sync_playwright

from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.accounts.rules import level_of
from proximity.authority.assembly import Authority
from proximity.authority.console.registry import Door, Kind
from proximity.authority.console.registry import Page as ConsolePage
from proximity.authority.service.app import ServiceApp

CHROMIUM = shutil.which("chromium")
WIDTHS = {1280: 900, 390: 844}
LANGUAGES = ("vi", "en")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def served(authority: Authority) -> Iterator[str]:
    """Serve an authority on loopback; yield its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(ServiceApp(authority, {}), log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://localhost:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's browser; yield it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=_FLAGS, headless=True
        )
        try:
            yield browser
        finally:
            browser.close()


def watch(page: Page, origin: str) -> list[str]:
    """Return a list that fills with what a page must not do.

    Requests to anybody else, and what the browser's policy forbade.
    """
    problems: list[str] = []
    page.on(
        "request",
        lambda request: (
            request.url.startswith((origin, "data:"))
            or problems.append(f"request to {request.url}")
        ),
    )
    page.on(
        "console",
        lambda message: message.type != "error" or problems.append(message.text),
    )
    page.on("pageerror", lambda error: problems.append(str(error)))
    return problems


def sign_in_as(context: Any, world: World, role: Role, origin: str) -> None:
    """Give a browser the session of somebody who works for the whole authority."""
    person = next(
        each for each in world.people if each.role is role and each.unit.id == ROOT
    )
    context.add_cookies(
        [{"name": "proximity-session", "value": person.token, "url": origin}]
    )


def seen_by(page: ConsolePage) -> Role | None:
    """Return a role that may open a page; None for who has not signed in."""
    if page.door is Door.OPEN:
        return None
    for role in (Role.EPIDEMIOLOGIST, Role.ADMINISTRATOR, *Role):
        if page.needs is None or level_of(role, page.needs.area) >= page.needs.level:
            return role
    raise AssertionError(f"no role may open {page.name}")


def shown_pages(world: World, pages: tuple[ConsolePage, ...]) -> Iterator[Any]:
    """Yield every whole page with who looks at it and its address."""
    for page in pages:
        if page.kind is Kind.PAGE:
            yield page, seen_by(page), world.address(page, "02641")
