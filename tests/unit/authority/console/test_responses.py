"""Headers of every response."""

import re

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.console.frame import static_files

SIGN_IN = "/console/sign-in"


def test_every_page_forbids_what_it_does_not_need(someone):
    browser = someone(Role.ADMINISTRATOR).browser
    for path in (
        SIGN_IN,
        "/console/officers",
        "/console/codes",
        "/console/x",
        "/console",
    ):
        seen = browser.get(path)
        if path == "/console/x":
            assert seen.status == 404
            continue
        policy = seen.header("content-security-policy")
        assert "default-src 'none'" in policy or seen.status == 303
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy or seen.status == 303


def test_nothing_of_anybody_is_kept_by_browsers(someone):
    browser = someone(Role.ADMINISTRATOR).browser
    name = next(name for name in static_files() if name.endswith("console.css"))

    assert browser.get("/console/officers").header("cache-control") == "no-store"
    assert "immutable" in browser.get(f"/console/static/{name}").header("cache-control")


@pytest.mark.parametrize(
    "name", ["console/none.css", "../settings.py", "console/%2e%2e/pages.py", ""]
)
def test_only_files_of_the_console_are_given_out(someone, name):
    assert someone(Role.TRACER).browser.get(f"/console/static/{name}").status == 404


def test_a_part_of_a_page_leads_the_whole_page_to_the_door(someone):
    browser = someone(Role.ADMINISTRATOR).browser
    del browser.cookies["proximity-session"]
    seen = browser.get("/console/officers/found", hx_request="true")

    assert (seen.status, seen.header("hx-redirect")) == (200, SIGN_IN)


def test_a_table_is_a_file_with_a_name(someone):
    seen = someone(Role.ADMINISTRATOR).browser.get("/console/officers.csv")

    assert seen.header("content-type").startswith("text/csv")
    assert 'filename="officers.csv"' in seen.header("content-disposition")
    assert re.match("\ufeff", seen.text)
