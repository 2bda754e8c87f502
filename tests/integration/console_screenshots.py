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
from console_filled import fill
from console_world import World, all_pages, build_world
from playwright.sync_api import Browser

from proximity.authority.accounts.model import Role
from proximity.authority.assembly import open_authority
from proximity.authority.founding import found_authority


def render(folder: Path) -> int:
    """Write one PNG a page, language and width; return how many."""
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
                        name = f"{page.name}-{language}-{width}.png"
                        tab.screenshot(path=folder / name, full_page=True)
                        count += 1
                    context.close()
            count += _picture_codes(browser, world, origin, folder)
        authority.engine.dispose()
    return count


def _picture_codes(browser: Browser, world: World, origin: str, folder: Path) -> int:
    """Issue a code in every language and width; return how many pictures that is."""
    count = 0
    for width, height in WIDTHS.items():
        context = browser.new_context(viewport={"width": width, "height": height})
        sign_in_as(context, world, Role.EPIDEMIOLOGIST, origin)
        tab = context.new_page()
        for language in LANGUAGES:
            tab.goto(f"{origin}/console/codes/new?lang={language}")
            tab.locator("main form button").click()
            tab.locator("[data-code]").wait_for()
            name = f"code-issued-{language}-{width}.png"
            tab.screenshot(path=folder / name, full_page=True)
            count += 1
        context.close()
    return count


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    sys.stdout.write(f"{render(where)} pictures in {os.fspath(where)}\n")
