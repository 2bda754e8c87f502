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
from console_world import all_pages, build_world

from proximity.authority.accounts.model import ROOT
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
        world = build_world(authority)
        fill(world)
        with served(authority) as origin, chromium() as browser:
            for page, role, address in shown_pages(world, all_pages()):
                for width, height in WIDTHS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}
                    )
                    if role is not None:
                        sign_in_as(context, world, role, ROOT, origin)
                    tab = context.new_page()
                    for language in LANGUAGES:
                        tab.goto(f"{origin}{address}?lang={language}")
                        name = f"{page.name}-{language}-{width}.png"
                        tab.screenshot(path=folder / name, full_page=True)
                        count += 1
                    context.close()
        authority.engine.dispose()
    return count


if __name__ == "__main__":
    where = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    sys.stdout.write(f"{render(where)} pictures in {os.fspath(where)}\n")
