"""What a service says of itself during a full run: nothing that people sent."""

import base64
import json
import re
import sqlite3
from contextlib import closing
from typing import NamedTuple

import pytest

# One worker: these tests share a server.
pytestmark = pytest.mark.xdist_group("authority_log")

PHONES = ("+84911222333", "+84944555666")
CLIENT = "203.0.113.77"
ISSUER = "clinic-of-district-9"
MARK = "a-word-that-nobody-says"
FIELDS = {"t", "level", "event", "path", "status", "ms", "error", "pid"}


class Run(NamedTuple):
    """What a full run sent and got, and what it said for operators to read."""

    secrets: dict[str, str]
    log: str
    metrics: str
    commands: str


@pytest.fixture(scope="module")
def run(make_rig, new_keys, tmp_path_factory) -> Run:
    rig = make_rig(minimum="20", allow_user_report="true")
    found = use(rig, new_keys(3)) | be_refused(rig)
    metrics = rig.ask("/metrics").body.decode()
    rig.stop()
    backup = tmp_path_factory.mktemp("backup") / "backup.tgz"
    commands = [
        rig.run("worker", "--once"),
        rig.run("rotate"),
        rig.run("backup", "-o", str(backup)),
    ]
    for name in ("device_key", "admin_key", "stats_key"):
        found[name] = rig.founded[name]
    found["passphrase"] = (rig.data / "passphrase").read_text().strip()
    said = "".join(each.stdout + each.stderr for each in commands)
    return Run(found, rig.log_file.read_text(), metrics, said)


def use(rig, keys) -> dict[str, str]:
    """Go the whole way of an upload, and ask for a code of one's own."""
    headers = {"X-Forwarded-For": CLIENT}
    issued = rig.issue(phone=PHONES[0], externalIssuerID=ISSUER, onlyGenerateSMS=True)
    token = rig.ask(
        "/api/verify", {"code": issued["code"]}, key="device", headers=headers
    ).json["token"]
    body = rig.request(keys)
    published = rig.publish(body).json
    nonce = base64.b64encode(b"n" * 256).decode()
    report = {"phone": PHONES[1], "nonce": nonce, "symptomDate": "2026-05-25"}
    assert rig.ask("/api/user-report", report, key="device").status == 200
    found = {
        "code": issued["code"],
        "link": issued["generatedSMS"].split("c=")[1].split(" ")[0],
        "uuid": issued["uuid"],
        "issuer": ISSUER,
        "client": CLIENT,
        "token": token,
        "certificate": body["verificationPayload"],
        "HMAC key": body["hmacKey"],
        "revision token": published["revisionToken"],
        "nonce": nonce,
        "phone of an officer": PHONES[0][1:],
        "phone of a person": PHONES[1][1:],
    }
    for number, key in enumerate(keys):
        found[f"key {number}"] = key.fields["key"]
        found[f"key {number} in hex"] = key.key.hex()
    return found


def be_refused(rig) -> dict[str, str]:
    """Send marked requests of every wrong kind, and make the database fail."""
    marked = {"code": MARK, "token": MARK, "uuid": MARK, "ekeyhmac": MARK}
    wanted = {"testType": MARK, "phone": MARK, "nonce": MARK, MARK: MARK}
    for path in ("verify", "certificate", "user-report"):
        rig.ask(f"/api/{path}", marked | wanted, key="device")
    for path in ("issue", "expirecode", "checkcodestatus"):
        rig.ask(f"/api/{path}", marked | wanted, key="admin")
    upload = {"temporaryExposureKeys": [{"key": MARK, "rollingStartNumber": 1}]}
    rig.publish(upload | {"healthAuthorityID": MARK, "verificationPayload": MARK})
    rig.publish(f'{{"{MARK}": '.encode())
    rig.ask(f"/exports/{MARK}.zip", headers={"X-API-Key": MARK, "User-Agent": MARK})
    rig.ask(f"/{MARK}?{MARK}={MARK}")
    with closing(sqlite3.connect(rig.data / "authority.sqlite")) as connection:
        connection.execute("ALTER TABLE codes RENAME TO gone")
        code = "12345678"
        failed = rig.ask("/api/verify", {"code": code}, key="device")
        connection.execute("ALTER TABLE gone RENAME TO codes")
    assert failed.status == 503
    return {"what was refused": MARK, "a code while it failed": code}


def test_a_run_is_told_request_by_request(run):
    lines = [json.loads(line) for line in run.log.splitlines()]
    paths = {line.get("path") for line in lines}

    assert {"start", "request", "failure", "end"} == {line["event"] for line in lines}
    assert {"/api/issue", "/api/verify", "/v1/publish", "other"} <= paths
    assert set().union(*lines) <= FIELDS


def forms_of(secret: str) -> set[str]:
    """Return how a text may be written: as it is, and by its first half."""
    return {secret.lower(), secret.lower().rstrip("=")} | (
        {secret.lower()[: len(secret) // 2]} if len(secret) >= 16 else set()
    )


@pytest.mark.parametrize("part", ["log", "metrics", "commands"])
def test_no_secret_is_in_what_a_service_says(run, part):
    text = getattr(run, part).lower()
    leaked = [
        name
        for name, secret in run.secrets.items()
        if any(form in text for form in forms_of(secret))
    ]

    assert text
    assert leaked == []


def test_the_search_finds_a_secret_that_is_there(run):
    for name, secret in run.secrets.items():
        assert any(
            form in f"so {secret} it was".lower() for form in forms_of(secret)
        ), name


def test_no_address_and_no_number_of_a_telephone_is_in_the_log(run):
    assert re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", run.log) == []
    assert re.findall(r"\+\d{7,}", run.log) == []
