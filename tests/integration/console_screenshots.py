"""Renders every page of the console into a folder: `make screenshots`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from console_browser import (
    LANGUAGES,
    WIDTHS,
    chromium,
    served,
    shown_pages,
    sign_in_as,
)
from console_filled import SHOWN, fill
from console_world import World, all_pages, build_world
from playwright.sync_api import Browser, Page

from proximity.authority.accounts.model import Role
from proximity.authority.assembly import open_authority
from proximity.authority.founding import found_authority


def render(folder: Path) -> int:
    """Write two PNGs a page, language and width: screen and paper; return how many."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    count = 0
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "authority"
        found_authority(directory, {"PROXIMITY_AUTHORITY_MINIMUM": "100"})
        authority = open_authority(directory, {})
        world = build_world(authority, marked=False)
        fill(world)
        with served(authority) as origin, chromium() as browser:
            for page, role, address in shown_pages(world, all_pages()):
                for width, height in WIDTHS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}
                    )
                    if role is not None:
                        sign_in_as(context, world, role, origin)
                    tab = context.new_page()
                    for language in LANGUAGES:
                        tab.goto(f"{origin}{address}?lang={language}")
                        name = f"{page.name}-{language}-{width}"
                        count += _picture(tab, folder, name)
                    context.close()
            count += _picture_codes(browser, world, origin, folder)
        authority.engine.dispose()
    return count


def _picture_codes(browser: Browser, world: World, origin: str, folder: Path) -> int:
    """Issue a code and a token in every language and width, on screen and on paper."""
    count = 0
    case = f"/console/cases/{world.planted[SHOWN]['case']}"
    for width, height in WIDTHS.items():
        context = browser.new_context(viewport={"width": width, "height": height})
        sign_in_as(context, world, Role.EPIDEMIOLOGIST, origin)
        tab = context.new_page()
        for language in LANGUAGES:
            tab.goto(f"{origin}/console/codes/new?lang={language}")
            tab.locator("main form button").click()
            tab.locator("[data-code]").wait_for()
            count += _picture(tab, folder, f"code-issued-{language}-{width}")
            tab.goto(f"{origin}{case}?lang={language}")
            tab.locator("form[action$='/token'] button").dispatch_event("click")
            tab.locator(".slip").wait_for()
            count += _picture(tab, folder, f"case-token-{language}-{width}")
        context.close()
    return count


def _picture(tab: Page, folder: Path, name: str) -> int:
    """Picture a page as it is seen and as it is printed; return how many that is."""
    tab.screenshot(path=folder / f"{name}.png", full_page=True)
    tab.emulate_media(media="print")
    tab.screenshot(path=folder / f"{name}-paper.png", full_page=True)
    tab.emulate_media(media="screen")
    return 2


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    sys.stdout.write(f"{render(where)} pictures in {os.fspath(where)}\n")
