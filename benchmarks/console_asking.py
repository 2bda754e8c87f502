"""Who asks the console for what, for `console_pages.py`."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from console_authority import DAYS, Filled
from console_search import GIVEN_NAMES, MIDDLE, SURNAMES, draw_name, plain
from sqlalchemy import select, text

from proximity.authority.accounts.model import Officer, Role, grants, organisations
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.rules import allowed
from proximity.authority.accounts.sessions import PASSKEY, begin_session
from proximity.authority.console.features import build_registry
from proximity.authority.console.registry import PREFIX, Door, Kind, Page
from proximity.authority.database import reading

# The widest views of each kind of work, and narrower ones of the same.
POSTS = (
    ("root", Role.SUPERVISOR),
    ("root", Role.EPIDEMIOLOGIST),
    ("root", Role.ADMINISTRATOR),
    ("root", Role.AUDITOR),
    ("00", Role.SUPERVISOR),
    ("00", Role.EPIDEMIOLOGIST),
    ("00", Role.ADMINISTRATOR),
    ("0103", Role.SUPERVISOR),
    ("0103", Role.EPIDEMIOLOGIST),
    ("020507", Role.TRACER),
)
THINGS = 40
_UNITS = "SELECT id FROM organisations WHERE path LIKE '{path}%'"
_OF_UNITS = "{name} WHERE unit IN ({units}) ORDER BY 1 LIMIT {limit}"
_THINGS = {
    "case": "SELECT ref FROM cases",
    "code": "SELECT uuid FROM codes",
    "officer": "SELECT id FROM officers",
}
_CROWDS = """SELECT ref FROM cases WHERE unit IN ({units}) AND ref IN (
    SELECT source FROM case_edges GROUP BY source HAVING count(*) > 100
) ORDER BY ref LIMIT 3"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """An officer with an open session."""

    who: str
    unit: str
    path: str
    officer: Officer
    token: str

    @property
    def units(self) -> str:
        """Return the statement of the units within reach."""
        return _UNITS.format(path=self.path)


class Request(NamedTuple):
    """Addresses that show the same kind of thing, asked for by one officer."""

    page: str
    who: str
    token: str
    paths: tuple[str, ...]
    is_search: bool = False


class Seen(NamedTuple):
    """What the console answered."""

    status: int
    text: str


class Asker:
    """Asks the application in this process, one request after the other."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def get(self, path: str, token: str) -> Seen:
        """Return a whole answer."""
        status, parts = self._loop.run_until_complete(self._ask(path, token))
        return Seen(status, b"".join(parts).decode())

    def count_lines(
        self, path: str, token: str, look: Callable[[], None]
    ) -> tuple[int, float]:
        """Return the lines of a table without its head, and when the first came."""
        begun = time.perf_counter()
        found = [0, 0.0]

        def take(part: bytes) -> None:
            found[1] = found[1] or time.perf_counter() - begun
            found[0] += part.count(b"\n")
            look()

        self._loop.run_until_complete(self._ask(path, token, take))
        return int(found[0]) - 1, found[1]

    async def _ask(
        self, path: str, token: str, take: Any = None
    ) -> tuple[int, list[bytes]]:
        path, _, query = path.partition("?")
        cookies = f"proximity-session={token}; proximity-browser={'ab' * 32}"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"cookie", cookies.encode())],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "state": {},
        }
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]
        status, parts = [0], []

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop(0)
            await asyncio.sleep(3_600)
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            elif take:
                take(message.get("body", b""))
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return status[0], parts


def viewers(filled: Filled) -> list[Viewer]:
    """Return somebody of every post, signed in anew."""
    authority = filled.authority
    found = []
    for unit, role in POSTS:
        with authority.engine.begin() as connection:
            who = connection.execute(
                select(grants.c.officer)
                .where(grants.c.unit == unit, grants.c.role == role)
                .order_by(grants.c.officer)
            ).scalars()
            officer = next(iter(who))
            token = begin_session(
                connection, authority, officer, proof=PASSKEY, agent="bench"
            )
            loaded = load_officer(connection, officer)
            path = connection.execute(
                select(organisations.c.path).where(organisations.c.id == unit)
            ).scalar_one()
        found.append(Viewer(f"{role} of {unit}", unit, path, loaded, token))
    return found


def requests_of(
    filled: Filled, viewer: Viewer, drawn: random.Random
) -> Iterator[Request]:
    """Yield every page that somebody may open, and how lists are asked."""
    for page in build_registry().pages:
        if page.kind is Kind.ACT or page.name == "cases-csv":
            continue
        if page.needs is not None and not allowed(viewer.officer, page.needs, None):
            continue
        # Pages before sign-in, and of what is the whole authority's, once.
        of_all = page.unit_of is not None and "{" not in page.path
        if (of_all or page.door is not Door.SIGNED_IN) and viewer.unit != "root":
            continue
        paths = addresses(filled, viewer, page)
        if paths:
            yield Request(page.name, viewer.who, viewer.token, paths)
        yield from asked_otherwise(filled, viewer, page, drawn)


def addresses(filled: Filled, viewer: Viewer, page: Page) -> tuple[str, ...]:
    """Return addresses of a page about things within reach of a viewer."""
    if "{" not in page.path:
        return (PREFIX + page.path,)
    name = page.path.partition("{")[2].partition("}")[0]
    things = things_of(filled, viewer).get(name, ())
    return tuple(PREFIX + page.path.replace(f"{{{name}}}", each) for each in things)


def things_of(filled: Filled, viewer: Viewer) -> dict[str, list[str]]:
    """Return things to look at, by the parameters of addresses."""
    with reading(filled.authority.engine) as connection:
        found = {
            name: list(
                connection.execute(
                    text(_OF_UNITS.format(name=each, units=viewer.units, limit=THINGS))
                ).scalars()
            )
            for name, each in _THINGS.items()
        }
        # Those who met hundreds are the hardest to show.
        crowds = connection.execute(text(_CROWDS.format(units=viewer.units)))
        found["case"] = [*crowds.scalars(), *found["case"]]
    return found


def asked_otherwise(
    filled: Filled, viewer: Viewer, page: Page, drawn: random.Random
) -> Iterator[Request]:
    """Yield filters, later pages and searches of the long lists."""
    if page.name == "cases":
        ways = {
            "F0": "classification=F0",
            "F2 lost": "classification=F2&status=lost",
            "withdrawn": "status=withdrawn",
            "merged": "status=merged",
            "unit": "unit=020507",
            "unit F0 open": "unit=020507&classification=F0&status=open",
            "reference": "q=A7K",
            "two characters": "q=A7",
            "late page": f"after={late_s(filled)}.5000000000",
            "late F0": f"classification=F0&after={late_s(filled)}.5000000000",
        }
        for name, query in ways.items():
            path = f"{PREFIX}/cases?{query}"
            yield Request(f"cases: {name}", viewer.who, viewer.token, (path,))
        yield from searches(viewer, drawn)
    ways = {}
    if page.name == "audit":
        ways = {"one officer": "who=0000000000000100", "late": "before=1000"}
    if page.name == "retention":
        ways = {"unit": f"unit={viewer.unit}"}
    if page.name in ("officers", "officers-found"):
        ways = {"name": "q=nguyen"}
    for name, query in ways.items():
        path = f"{PREFIX}{page.path}?{query}"
        yield Request(f"{page.name}: {name}", viewer.who, viewer.token, (path,))


def searches(viewer: Viewer, drawn: random.Random) -> Iterator[Request]:
    """Yield searches for names, common, rare, folded, and for telephones."""
    full = [draw_name(drawn) for _ in range(THINGS)]
    ways = {
        "common surname": ["Nguyễn"],
        "common, folded": ["nguyen"],
        "rare surname": ["Tẩn", "Giàng", "Sùng"],
        "given name": [*map(str.lower, GIVEN_NAMES)],
        "two words": [f"nguyen {plain(each)}" for each in GIVEN_NAMES],
        "surname and middle": [f"{a} {b}" for a in SURNAMES for b in MIDDLE][:THINGS],
        "full name": full,
        "full, folded, other order": [" ".join(plain(n).split()[::-1]) for n in full],
        "nobody's": ["xyzq", "Nguyễn Xyzq"],
        "first letters": ["ngu", "Gi"],
        "telephone": [f"09{drawn.randrange(10**8):08}" for _ in range(THINGS)],
    }
    for name, texts in ways.items():
        paths = tuple(f"{PREFIX}/cases?q={quote_plus(each)}" for each in texts)
        yield Request(
            f"search: {name}", viewer.who, viewer.token, paths, is_search=True
        )


def late_s(filled: Filled) -> int:
    """Return a moment in the past half of what happened."""
    return filled.authority.now_s - DAYS // 2 * 86_400
