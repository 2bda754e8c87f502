"""`authority demo` as a process: every page of the console shows marked data."""

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import COMMAND

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.rules import level_of
from proximity.authority.assembly import open_authority
from proximity.authority.audit.verify import verify_audit
from proximity.authority.cases.mutual import Verdict
from proximity.authority.console.features import build_registry
from proximity.authority.console.registry import PREFIX, Kind, Page
from proximity.authority.publish.published_store import open_published_store
from proximity.research.district.living import ASIDES, live_district
from proximity.research.district.places import MARK, POSTS
from proximity.scoring.rule import Level

# One district for all of them.
pytestmark = pytest.mark.xdist_group("demo")

MARKS = ("Dữ liệu tổng hợp — không phải người thật", "Synthetic data — no real person")
# What a page shows of the district where it names nobody.
SHOWS = {
    "cases-csv": "F0,",
    "code-status": "class=",
    "code-new": 'value="m0"',
    "keys": "VN v2",
    "publication": "Đợt #",
    "publication-now": "Đợt #",
    "statistics": "<rect",
    "transfer": 'dd class="mono">',
    "statistics-csv": "-",
}
# Forms, and the table of what roles may: nothing of a district stands in them.
FORMS = {"sign-in", "set-up", "welcome", "my-record", "case-lines", "roles"}
EMPTY = re.compile(r'class="(?:[^"]* )?empty"')
PAGES = [page for page in build_registry().pages if page.kind is not Kind.ACT]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a demonstration of a small wave: those cases of which more comes."""
    import time  # noqa: PLC0415 - the service goes by the real time

    now_s = int(time.time())  # noqa: TID251 - as above
    directory = tmp_path_factory.mktemp("demo") / "demo"
    wave = [int(back in ASIDES) for back in range(20, -1, -1)]
    live_district(directory, now_s, wave=wave)
    return directory


class Visitor:
    """A browser without scripts."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.cookies: dict[str, str] = {}
        self.role = ""

    def get(self, path: str) -> tuple[int, str]:
        """Return status and text."""
        address = urllib.parse.urlsplit(self.told["url"])
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request("GET", path, headers={"Cookie": cookies})
        response = connection.getresponse()
        text = response.read().decode()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        connection.close()
        return response.status, text

    def become(self, role: Role) -> None:
        """Follow the link of the highest officer of a role."""
        if self.role != role:
            links = (e for e in self.told["officers"] if e["role"] == role)
            link = urllib.parse.urlsplit(next(links)["sign_in"])
            assert self.get(f"{link.path}?{link.query}")[0] == 303
            self.role = role


@pytest.fixture(scope="module")
def visitor(directory: Path) -> Iterator[Visitor]:
    options = ["authority", "demo", "--data", str(directory), "--no-open", "--json"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # What a real authority would be told must not reach a demonstration.
        env=os.environ | {"PROXIMITY_AUTHORITY_DATABASE_URL": "postgresql://nobody"},
    )
    assert process.stdout is not None
    yield Visitor(json.loads(process.stdout.readline()))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert (process.returncode, said) == (0, b"")
    log = (directory / "demo.log").read_text()
    assert '"path":"/console"' in log
    assert MARK not in log
    assert "error" not in log


@pytest.fixture(scope="module")
def rows(directory: Path) -> Iterator[sqlite3.Connection]:
    place = f"file:{directory / 'authority.sqlite'}?mode=ro"
    with closing(sqlite3.connect(place, uri=True)) as connection:
        yield connection


def address(page: Page, rows: sqlite3.Connection) -> str:
    """Return the address of a page about a thing that there is."""
    statements = {
        "case": "SELECT source FROM case_edges e WHERE withdrawn_s IS NULL AND EXISTS"
        " (SELECT 1 FROM case_edges f WHERE f.source = e.target)",
        "code": "SELECT uuid FROM codes ORDER BY issued_s DESC",
        "transfer": "SELECT id FROM case_transfers WHERE state = 'offered'",
        "officer": "SELECT officer FROM grants WHERE role = 'tracer'",
    }

    def value(found: re.Match[str]) -> str:
        return str(rows.execute(statements[found[1]]).fetchone()[0])

    return PREFIX + re.sub(r"\{(\w+)\}", value, page.path)


def role_for(page: Page) -> Role:
    return next(
        role
        for role in (Role.EPIDEMIOLOGIST, Role.ADMINISTRATOR, *Role)
        if page.needs is None or level_of(role, page.needs.area) >= page.needs.level
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_shows_marked_data(page, visitor, rows):
    visitor.become(role_for(page))
    status, text = visitor.get(address(page, rows))
    shown = text.partition("<main")[2] or text

    assert status == 200
    if page.kind is Kind.PAGE:
        assert all(mark in text for mark in MARKS)
    if page.name not in FORMS:
        assert SHOWS.get(page.name, MARK) in shown
        assert not EMPTY.search(shown)


def test_officers_of_every_role_have_a_link(visitor):
    assert len(visitor.told["officers"]) == len(POSTS)
    assert {each["role"] for each in visitor.told["officers"]} == set(Role)


def test_what_the_district_lived_is_real(directory, rows):
    authority = open_authority(directory, {})
    store = open_published_store("", directory / "exports", {})
    report = verify_audit(authority, store)
    authority.engine.dispose()
    authority.vault.key_store.close()
    found = set(rows.execute("SELECT verdict, level FROM case_edges"))
    waiting = {row[0] for row in rows.execute("SELECT kind FROM approvals")}

    assert report.first_bad is None
    # The engine judged some far and some near, and interviews need no judgement.
    assert {(Verdict.MUTUAL, int(level)) for level in (Level.LOW, Level.HIGH)} < found
    assert (None, int(Level.HIGH)) in found
    assert waiting == {"case-withdraw", "grant", "reset", "rotate"}
    assert rows.execute("SELECT count(*) FROM recursive_files").fetchone()[0]
