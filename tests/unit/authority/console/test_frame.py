"""Templates, and what they can use."""

import hashlib
import re
from pathlib import Path

import pytest

from proximity.authority.accounts.model import Action, Area, Level, Role
from proximity.authority.console import frame
from proximity.authority.console.frame import (
    action_of,
    static_files,
)

VENDORED = sorted(
    [
        *Path(frame.__file__).parents[1].glob("*/static/vendor"),
        Path(__file__).parents[3] / "integration" / "static" / "vendor",
    ]
)


def test_an_action_is_named_in_a_template():
    assert action_of("cases.write") == Action(Area.CASES, Level.WRITE)


@pytest.mark.parametrize("folder", VENDORED, ids=lambda folder: folder.parts[-3])
def test_what_others_made_is_pinned_and_unchanged_and_has_its_licence(folder):
    sums = dict(
        reversed(line.split())
        for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    scripts = {file.name for file in folder.glob("*.js")}

    assert scripts == set(sums)
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
        assert (folder / f"{name.split('-')[0]}-LICENSE.txt").exists()


def test_the_address_of_a_file_changes_with_its_content():
    for file in static_files().values():
        assert file.version == hashlib.sha256(file.content).hexdigest()[:12]


def test_our_own_files_ask_nobody_else():
    for name, file in static_files().items():
        if "vendor" not in name:
            text = file.content.decode()
            assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == [], name
            assert "@import" not in text


def test_no_template_has_a_script_or_a_style_of_its_own():
    for file in frame.FEATURES.glob("*/templates/**/*.html"):
        text = file.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text)


def test_every_form_that_posts_has_its_token():
    for file in frame.FEATURES.glob("*/templates/**/*.html"):
        text = file.read_text("utf-8")
        forms = re.findall(r'<form[^>]*method="post".*?</form>', text, flags=re.S)
        assert [each for each in forms if "csrf" not in each] == [], file.name


def test_the_navigation_shows_what_one_may_open(someone):
    tracer = someone(Role.TRACER, "02641").browser.get("/console/today").text
    admin = someone(Role.ADMINISTRATOR).browser.get("/console/today").text

    assert "/console/officers" not in tracer
    assert "/console/statistics" in tracer
    assert "/console/officers" in admin
    assert "/console/codes/new" not in admin
