"""Where the console is, and where forms come from."""

import pytest
from starlette.requests import Request

from proximity.authority.api_error import ApiError
from proximity.authority.console.origin import (
    browser_kind,
    check_source,
    is_this_machine,
    origin_of,
)
from proximity.authority.settings import Settings

HOME = "https://console.example.org"


def request(**headers):
    named = [
        (n.replace("_", "-").encode(), value.encode()) for n, value in headers.items()
    ]
    return Request({"type": "http", "headers": named})


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:9", "[::1]"]
)
def test_without_a_setting_this_machine_is_let_in(host):
    assert origin_of(request(host=host), Settings()) == f"http://{host}"


@pytest.mark.parametrize(
    "host", ["", "example.org", "localhost.example.org", "192.0.2.1", "[", "::"]
)
def test_nobody_makes_another_name_point_here(host):
    assert not is_this_machine(host)
    with pytest.raises(ApiError) as caught:
        origin_of(request(host=host), Settings())
    assert caught.value.status == 421


def test_with_a_setting_that_name_alone_counts():
    settings = Settings(console_url=HOME)

    assert origin_of(request(host="console.example.org"), settings) == HOME
    with pytest.raises(ApiError):
        origin_of(request(host="localhost"), settings)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(headers):
    with pytest.raises(ApiError) as caught:
        check_source(request(**headers), HOME)
    assert caught.value.status == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": HOME, "sec_fetch_site": "same-origin"}]
)
def test_a_form_of_the_console_is_taken(headers):
    check_source(request(**headers), HOME)


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/150 Safari/537", "Chromium · Linux"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/150 Safari", "Chromium · Android"),
        ("Mozilla/5.0 (iPhone) Version/19 Safari/605", "Safari · iOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150 Edg/150", "Edge · Windows"),
        ("", "?"),
        ("<script>", "?"),
    ],
)
def test_a_browser_is_named_roughly(agent, kind):
    assert browser_kind(agent) == kind
