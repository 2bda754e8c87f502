"""The doors of a service without a network."""

import asyncio
import urllib.parse
from types import SimpleNamespace

import pytest

from proximity.authority.console.cookies import form_token
from proximity.errors import DemonstrationError, TooLargeError
from proximity.research.district import doors as module
from proximity.research.district.doors import Desk, Doors

TOKEN = "ab" * 32


class App:
    """An application that notes what it is asked, and answers what a test says."""

    def __init__(self) -> None:
        self.asked = []
        self.life = []
        self.answer = (200, b"shown")

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for name in ("startup", "shutdown"):
                self.life.append((await receive())["type"])
                await send({"type": f"lifespan.{name}.complete"})
            return
        message = await receive()
        self.asked.append((scope, message["body"]))
        status, body = self.answer
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app():
    return App()


@pytest.fixture
def authority():
    return SimpleNamespace(now_s=1_000)


@pytest.fixture
def doors(app, authority):
    with Doors(authority, app) as opened:
        yield opened


@pytest.fixture
def desk(doors, monkeypatch):
    begun = []
    monkeypatch.setattr(
        module,
        "_session",
        lambda connection, authority, officer: begun.append(officer) or TOKEN,
    )

    class Engine:
        def begin(self):
            return self

        def __enter__(self):
            return None

        def __exit__(self, *_):
            return None

    doors.authority.engine = Engine()
    made = Desk(doors, "0011")
    made.begun = begun
    return made


def test_an_application_lives_as_long_as_its_doors_are_open(app, authority):
    with Doors(authority, app) as opened:
        opened.ask("GET", "/x?y=1", b"", {})
        assert app.life == ["lifespan.startup"]

    assert app.life == ["lifespan.startup", "lifespan.shutdown"]
    scope = app.asked[0][0]
    assert (scope["path"], scope["query_string"]) == ("/x", b"y=1")


def test_a_phone_posts_to_the_path_of_an_address(doors, app):
    status, body = doors.post("http://x/api/verify", b"{}", {"X": "1"}, max_bytes=9)

    assert (status, body) == (200, b"shown")
    assert app.asked[0][0]["path"] == "/api/verify"
    assert (b"x", b"1") in app.asked[0][0]["headers"]


def test_a_phone_takes_no_answer_that_is_too_large(doors):
    with pytest.raises(TooLargeError):
        doors.post("http://x/", b"", {}, max_bytes=2)


def test_a_form_has_the_token_of_its_session(desk, app):
    assert desk.do("/cases", {"name": "Đỗ"}) == "shown"

    fields = dict(urllib.parse.parse_qsl(app.asked[0][1].decode()))
    assert fields == {"csrf": form_token(TOKEN), "name": "Đỗ"}
    assert app.asked[0][0]["path"] == "/console/cases"


def test_an_officer_signs_in_anew_when_the_session_is_old(desk, authority):
    desk.see("/today")
    authority.now_s += 60
    desk.see("/today")
    authority.now_s += 3_600
    desk.see("/today")

    assert desk.begun == ["0011", "0011"]


def test_what_the_console_refuses_ends_the_demonstration_without_a_name(desk, app):
    app.answer = (409, b'<p class="note bad" role="alert">it is over</p> Nguyen')

    with pytest.raises(DemonstrationError, match=r"\(cases: it is over\)") as error:
        desk.do("/cases/ABCDE/change", {})

    assert "ABCDE" not in str(error.value)
    assert "Nguyen" not in str(error.value)


def test_an_answer_is_not_told_by_its_repr(doors):
    assert repr(doors.ask("GET", "/", b"", {})) == "<Answer 200>"
