"""Cookies, and the tokens of forms."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from proximity.authority.console.cookies import Cookies, form_token

TOKEN = "ab" * 32


def request(cookie=""):
    headers = [(b"cookie", cookie.encode())] if cookie else []
    return Request({"type": "http", "headers": headers})


def set_by(https):
    response = Response()
    cookies = Cookies(request(), https=https)
    cookies.keep_session(response, TOKEN)
    cookies.keep_browser(response, TOKEN)
    cookies.keep_language(response, "vi")
    return response.headers.getlist("set-cookie")


def test_over_https_cookies_are_secure_and_bound_to_the_host():
    for cookie in set_by(https=True):
        assert cookie.startswith("__Host-proximity-")
        for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie


def test_on_loopback_they_work_without():
    for cookie in set_by(https=False):
        assert "Secure" not in cookie
        assert "HttpOnly" in cookie


def test_a_session_ends_with_the_browser_or_at_once():
    response = Response()
    cookies = Cookies(request(), https=False)
    cookies.drop_session(response)

    assert "Max-Age=0" in response.headers["set-cookie"]
    assert "Max-Age" not in set_by(https=False)[0]


@pytest.mark.parametrize("text", ["", "x", TOKEN[:-1], TOKEN.upper(), TOKEN + "0"])
def test_what_was_never_given_out_is_no_token(text):
    cookies = Cookies(request(f"proximity-session={text}"), https=False)

    assert cookies.session == ""
    assert repr(cookies) == "<Cookies>"


def test_a_token_comes_back():
    assert Cookies(request(f"proximity-session={TOKEN}"), https=False).session == TOKEN
    # Over https a cookie that another host may have set does not count.
    assert Cookies(request(f"proximity-session={TOKEN}"), https=True).session == ""


def test_the_token_of_a_form_is_of_one_session_and_tells_nothing_of_it():
    assert form_token(TOKEN) == form_token(TOKEN)
    assert form_token(TOKEN) != form_token("cd" * 32)
    assert TOKEN not in form_token(TOKEN)
