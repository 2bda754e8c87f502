"""The doors of a service without a network: asked as browsers and phones ask them."""

import asyncio
import html
import re
import threading
import urllib.parse
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Self

from sqlalchemy import Connection

from proximity.authority.accounts.sessions import PASSKEY, begin_session
from proximity.authority.assembly import Authority
from proximity.authority.console.cookies import form_token
from proximity.authority.console.registry import PREFIX
from proximity.authority.service.app import ServiceApp
from proximity.errors import DemonstrationError, TooLargeError

AGENT = "Firefox · Windows"
_HOST = b"localhost"
_FORM = b"application/x-www-form-urlencoded"
_REFUSED = re.compile(r'<p class="note bad" role="alert">(.*?)</p>', re.DOTALL)


Application = Callable[[Any, Any, Any], Awaitable[None]]


class Answer(NamedTuple):
    """What a door answered.

    Attributes
    ----------
    status : int
    body : bytes
    """

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        """Tell the status; bodies hold names."""
        return f"<Answer {self.status}>"


class Doors:
    """An application that runs while nobody else can reach it.

    Parameters
    ----------
    authority : Authority
        Its clock decides when something is done.
    app : callable
        The application; without one, the service of the authority.
    """

    def __init__(self, authority: Authority, app: Application | None = None) -> None:
        self.authority = authority
        self._app = app or ServiceApp(authority, {})
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._begun = threading.Event()
        # One task for all: the threads that answer live as long as the task that runs.
        self._thread = threading.Thread(target=self._run, name="doors")

    def __enter__(self) -> Self:
        """Begin the life of the application."""
        self._thread.start()
        self._begun.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """End it; what waits is stored before."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def ask(
        self, method: str, path: str, body: bytes, headers: Mapping[bytes, bytes]
    ) -> Answer:
        """Return what the application answers to one request."""
        asked = self._ask(method, path, body, headers)
        return asyncio.run_coroutine_threadsafe(asked, self._loop).result()

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int
    ) -> tuple[int, bytes]:
        """Answer a phone; see `client.submission.Poster`.

        Raises
        ------
        TooLargeError
            If the answer is larger than `max_bytes`.
        """
        path = urllib.parse.urlsplit(url).path
        named = {key.lower().encode(): text.encode() for key, text in headers.items()}
        answer = self.ask("POST", path, body, named)
        if len(answer.body) > max_bytes:
            raise TooLargeError("The answer is too large.", "Tell the authority.")
        return answer

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._live())
        finally:
            self._begun.set()

    async def _live(self) -> None:
        """Send the application the beginning and the end of its life."""
        told = ["lifespan.startup", "lifespan.shutdown"]

        async def receive() -> Any:
            if len(told) == 1:
                await self._over.wait()
            return {"type": told.pop(0)}

        async def send(_: Any) -> None:
            self._begun.set()

        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        await self._app(scope, receive, send)

    async def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[bytes, bytes]
    ) -> Answer:
        path, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", _HOST), *headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "state": {},
        }
        asked = [{"type": "http.request", "body": body, "more_body": False}]
        told: list[Any] = []

        async def receive() -> Any:
            return asked.pop(0) if asked else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await self._app(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in told[1:])
        return Answer(told[0]["status"], content)


class Desk:
    """An officer at work: signed in, filling in the forms of the console.

    Parameters
    ----------
    doors : Doors
    officer : str
        ID of the account.
    """

    def __init__(self, doors: Doors, officer: str) -> None:
        self.officer = officer
        self._doors = doors
        self._token = ""
        self._until_s = 0

    def see(self, path: str) -> str:
        """Return a page.

        Raises
        ------
        DemonstrationError
            If the console does not show it.
        """
        return self._checked(self._ask("GET", path, b""), path)

    def do(self, path: str, fields: Mapping[str, str]) -> str:
        """Send a form; return what the console shows then, nothing if it leads on.

        Raises
        ------
        DemonstrationError
            If the console refuses it.
        """
        self._sign_in()
        sent = {"csrf": form_token(self._token)} | dict(fields)
        body = urllib.parse.urlencode(sent).encode()
        return self._checked(self._ask("POST", path, body), path)

    def _ask(self, method: str, path: str, body: bytes) -> Answer:
        self._sign_in()
        cookies = f"proximity-session={self._token}; proximity-browser={'0' * 64}"
        headers = {b"cookie": cookies.encode(), b"content-type": _FORM}
        return self._doors.ask(method, PREFIX + path, body, headers)

    def _sign_in(self) -> None:
        """Begin a session, as after a passkey; nobody is there to touch one."""
        authority = self._doors.authority
        if authority.now_s < self._until_s:
            return
        with authority.engine.begin() as connection:
            self._token = _session(connection, authority, self.officer)
        self._until_s = authority.now_s + 20 * 60

    def _checked(self, answer: Answer, path: str) -> str:
        if answer.status in (200, 303):
            return answer.text
        why = _REFUSED.search(answer.text)
        text = html.unescape(why[1].strip()) if why else f"status {answer.status}"
        # Of paths the first part alone: the rest names cases.
        place = path.strip("/").partition("/")[0]
        raise DemonstrationError(
            f"The console refuses the demonstration ({place}: {text}).",
            "Tell the makers of this program; another --seed may work.",
        )


def _session(connection: Connection, authority: Authority, officer: str) -> str:
    return begin_session(connection, authority, officer, proof=PASSKEY, agent=AGENT)
