"""F0 shares, F1 is found and shares, F2's own device alarms: service and commands."""

import json
import os
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from console_world import World, add_person
from device_at_home import (
    Device,
    NoKeyring,
    command,
    engine_at,
    scan_at,
    sighting_of,
)

from proximity.authority.accounts.four_eyes import Verdict, decide
from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.accounts.officers import load_officer
from proximity.authority.accounts.organisations import add_organisation
from proximity.authority.assembly import open_authority
from proximity.authority.cases.deeds import WITHDRAW
from proximity.authority.database import reading
from proximity.client.engine import Engine, Surroundings
from proximity.client.network import HttpNetwork
from proximity.client.notification import NotificationKind
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.scoring.config import built_in
from proximity.store.connection import transaction
from proximity.store.scans import record_scan
from proximity.store.schema import open_store
from proximity.store.sealing_key import load_sealing_key
from proximity.store.sightings import SightingLog
from proximity.units import day_of, iso_day

DAY_S = 86_400
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs/reference/schemas/share-v1.json").read_text(
        "utf-8"
    )
)


class Person(Device):
    """A device, and what it hears."""

    def hear(self, key: bytes, start_s: int, minutes: int) -> None:
        times = range(start_s, start_s + 60 * minutes, 60)
        log = SightingLog(self.connection)
        for t_s in times:
            log.record(sighting_of(key, t_s))
        with transaction(self.connection):
            for t_s in times:
                record_scan(self.connection, scan_at(t_s))
        log.flush((start_s + 60 * minutes + 1_200) * 1_000)


def meet(one: Person, other: Person, start_s: int, minutes: int = 30) -> None:
    day = day_of(start_s)
    one.hear(other.keys[day], start_s, minutes)
    other.hear(one.keys[day], start_s, minutes)


@pytest.fixture(scope="module")
def now_s() -> int:
    import time  # noqa: PLC0415

    return int(time.time())  # noqa: TID251 - `proximity share` takes the real time


@pytest.fixture(scope="module")
def live(make_rig, now_s):
    """Return an authority whose clock is the real one."""
    rig = make_rig(started=False, minimum="20")
    rig.start(now_s)
    return rig


@pytest.fixture
def people(tmp_path, now_s) -> dict[str, Person]:
    """Return F0, F1 and F2: F0 met F1 five days ago, and F1 met F2 two days later."""
    today = day_of(now_s)
    made = {
        name: Person(
            tmp_path / name, {day: os.urandom(16) for day in range(today - 6, today)}
        )
        for name in ("F0", "F1", "F2", "nobody")
    }
    meet(made["F0"], made["F1"], (today - 5) * DAY_S + 36_000)
    meet(made["F1"], made["F2"], (today - 3) * DAY_S + 36_000)
    for person in made.values():
        person.connection.close()
    return made


def share(rig, person: Person, token: str, *more: str):
    return command(
        rig, person.home, "share", "--token", token, "--language", "en", *more
    )


def shared(rig, person: Person, token: str, *more: str) -> dict:
    run = share(rig, person, token, "--yes", *more)
    assert run.returncode == 0, run.stderr
    document = json.loads(run.stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def officer(rig, path: str, body: dict) -> dict:
    answer = rig.ask(f"/api/cases{path}", body, key="admin")
    assert answer.status == 200, answer.body
    return answer.json


def engine_of(rig, person: Person, now_s: int) -> Engine:
    connection = open_store(person.home / "store.sqlite")
    sealing, _ = load_sealing_key(connection, person.home, NoKeyring())
    connection.close()
    return engine_at(
        rig,
        person.home / "store.sqlite",
        sealing,
        now_s,
        contact_configuration=built_in("en-v2"),
    )


def withdraw(rig, ref: str, now_s: int) -> None:
    """Ask as a program does in an officer's name, and agree as another officer."""
    authority = open_authority(rig.data, rig.environment)
    authority = replace(authority, clock=lambda: now_s)
    with authority.engine.begin() as connection:
        unit = add_organisation(connection, "02653", "commune", "x", parent=ROOT)
    world = World(authority, {})
    doctor = add_person(world, Role.EPIDEMIOLOGIST, unit)
    supervisor = add_person(world, Role.SUPERVISOR, unit)
    answer = rig.ask(f"/api/cases/{ref}/withdraw", {"officer": doctor.id}, key="admin")
    assert answer.status == 202, answer.body
    assert rig.ask(f"/api/cases/{ref}", key="admin").json["status"] == "open"
    with reading(authority.engine) as connection:
        other = load_officer(connection, supervisor.id)
    request = answer.json["request"]
    decide(authority, other, request, Verdict.APPROVE, deeds={WITHDRAW.kind: WITHDRAW})
    authority.engine.dispose()


def events(rig, ref: str) -> list[dict]:
    return rig.ask(f"/api/cases/{ref}", key="admin").json["timeline"]


def kinds(rig, ref: str) -> list[str]:
    return [event["kind"] for event in events(rig, ref)]


def record(rig, classification: str, **fields) -> str:
    given = {"unit": "02653", "classification": classification} | fields
    return officer(rig, "", given)["ref"]


def case_shares(rig, person: Person, met: str) -> str:
    """Let F0 look first, which sends nothing, then share; return its case."""
    case = record(rig, "F0", onset=met)
    token = officer(rig, f"/{case}/token", {})["token"]
    preview = share(rig, person, token)
    assert preview.returncode == 0, preview.stderr
    looked = json.loads(preview.stdout)
    jsonschema.validate(looked, SCHEMA)
    assert looked["shared"] is False
    assert met in preview.stderr
    assert kinds(rig, case) == ["created", "token"]

    given = shared(rig, person, token)
    assert given["outcome"]["keys"] >= 4
    assert {day["day"]: day["heard"] for day in given["days"]}[met] == 3
    return case


def contact_shares(rig, person: Person, case: str, *, met: str, warned: str) -> str:
    """Let F1 share, and agree to warn its own contacts; return its reference."""
    contact = record(rig, "F1", origin="bluetooth")
    ask = {"source": case, "first": met, "last": met, "recursive": True}
    token = officer(rig, f"/{contact}/token", ask)["token"]
    given = shared(rig, person, token, "--warn-contacts")
    assert (given["outcome"]["verdict"], given["outcome"]["close"]) == ("mutual", True)
    days = {day["day"]: day for day in given["days"]}
    assert (days[met]["heard"], days[met]["sent"]) == (30, 3)
    assert days[warned]["warned"] == 1
    return contact


def stranger_shares_nothing(rig, person: Person, case: str) -> None:
    other = record(rig, "F1")
    token = officer(rig, f"/{other}/token", {"source": case})["token"]
    refused = share(rig, person, token, "--yes")

    assert refused.returncode == 1
    assert json.loads(refused.stderr.splitlines()[-1])["error"] == "NothingStoredError"
    assert kinds(rig, other) == ["created", "token"]


def test_a_chain_is_found_by_consent_from_f0_to_f2(live, people, now_s):
    today = day_of(now_s)
    met, warned = iso_day(today - 5), iso_day(today - 3)
    case = case_shares(live, people["F0"], met)
    contact = contact_shares(live, people["F1"], case, met=met, warned=warned)
    stranger_shares_nothing(live, people["nobody"], case)

    chain = live.ask(f"/api/cases/{case}/chain", key="admin").json
    (edge,) = chain["contacts"]
    assert (edge["ref"], edge["verdict"], edge["level"]) == (contact, "mutual", "high")
    assert edge["counted"] is True
    assert "100 %" in edge["why"]["vi"][0]

    # Nobody published F0's keys: F2 hears of it through F1's alone.
    assert live.work(now_s)["keys"] == 0
    engine = engine_of(live, people["F2"], now_s)
    assert [each.status for each in engine.update()] == ["matched"]
    (notice,) = engine.notices()
    assert notice.notification.kind is NotificationKind.EXPOSED_TO_CONTACT
    assert notice.notification.day == today - 3
    engine.told(notice)

    # The laboratory erred: what was published is taken back down the chain.
    withdraw(live, case, now_s)
    (told,) = (e["detail"] for e in events(live, case) if e["kind"] == "withdrawn")
    assert (told["contacts"], told["recursive_keys"]) == (1, 3)
    live.work(now_s + 600)
    engine.update()
    (notice,) = engine.notices()
    assert notice.notification.kind is NotificationKind.WITHDRAWN
    engine._connection.close()

    # No ID of anybody is in the database: F2's, whom F1 met, least of all.
    stored = b"".join(p.read_bytes() for p in live.data.glob("authority.sqlite*"))
    ids = derive_ephemeral_ids(people["F2"].keys[today - 3], (today - 3) * 144)
    own = derive_ephemeral_ids(people["F1"].keys[today - 5], (today - 5) * 144)
    assert not any(row.tobytes() in stored for row in (*ids, *own))
    assert people["F2"].keys[today - 3] not in stored


def test_a_device_that_is_only_asked_sends_nothing(live, people, now_s):
    """Whatever the authority issues and publishes, a run of the engine only reads."""

    class Listening:
        def __init__(self) -> None:
            self.gets: list[str] = []
            self._network = HttpNetwork()

        def get(self, url: str, max_bytes: int) -> bytes:
            self.gets.append(url)
            return self._network.get(url, max_bytes)

        def post(self, *_: object, **__: object) -> None:
            raise AssertionError("the engine sent something by itself")

    case = record(live, "F0", onset=iso_day(day_of(now_s) - 5))
    officer(live, f"/{case}/token", {})
    log = live.log_file.read_text().count("/api/share")
    engine = engine_of(live, people["F0"], now_s)
    network = Listening()
    engine._world = Surroundings(engine._world.clock, network, os.urandom)
    engine.update()
    engine.decide()
    engine.forget()
    engine._connection.close()

    assert network.gets
    assert all("/exports/" in url for url in network.gets)
    assert live.log_file.read_text().count("/api/share") == log
    assert kinds(live, case) == ["created", "token"]
