"""Real processes on one PostgreSQL and one bucket: any of them may die at any time."""

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer, missing
from s3_simulator import S3Simulator

from proximity.protocol.export import open_export
from proximity.protocol.public_keys import parse_public_keys

pytestmark = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="module")
def server():
    reason = missing()
    if reason:
        pytest.skip(reason)
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def bucket():
    simulator = S3Simulator()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in simulator.environment.items():
            patch.setenv(name, value)
        yield simulator
    simulator.close()


@pytest.fixture(scope="module")
def first(make_rig, server, bucket):
    """Return an authority whose first process serves."""
    url = server.url(server.database())
    return make_rig(
        minimum="20", database_url=url, store_url="s3://bucket/vn", client_tries="3"
    )


@pytest.fixture(scope="module")
def second(make_rig, first):
    """Return another process that serves, with settings and passphrase alone."""
    rig = make_rig(started=False)
    for name in ("settings.json", "passphrase"):
        (rig.data / name).write_bytes((first.data / name).read_bytes())
    (rig.data / "public_keys.json").unlink()
    rig.founded = first.founded
    rig.start()
    return rig


def exported(rig, bucket) -> list[set[bytes]]:
    """Fetch the bucket as anybody may; verify every file by what clients pin."""
    pins = parse_public_keys((rig.data / "public_keys.json").read_bytes())
    status, index, told = bucket.request("GET", "/bucket/vn/index.txt")
    assert (status, told["Cache-Control"]) == (200, "public, max-age=300")
    found = []
    for line in index.decode().splitlines():
        status, content, told = bucket.request("GET", f"/bucket/vn/{line}")
        assert (status, "immutable" in told["Cache-Control"]) == (200, True)
        export = open_export(io.BytesIO(content))
        keys = export.verify([pin.verification_key for pin in pins]).read()
        found.append({row.tobytes() for row in keys.keys.key})
    return found


def moved(rig, body: dict[str, Any]) -> int:
    return rig.publish(body).json["insertedExposures"]


def test_a_round_goes_through_any_process_and_survives_all(
    first, second, server, bucket, *, new_keys, a_time
):
    keys = new_keys(14)
    # The code of one is spent at the other, its certificate shown to both.
    code = first.issue()["code"]
    accept = {"code": code, "accept": ["confirmed"]}
    answer = second.ask("/api/verify", accept, key="device")
    assert answer.status == 200
    assert first.ask("/api/verify", accept, key="device").json["errorCode"] == (
        "code_invalid"
    )
    mac = {"token": answer.json["token"], "ekeyhmac": first.mac(keys)}
    # Of the process that began later: in these tests its clock is a little behind.
    certificate = second.ask("/api/certificate", mac, key="device").json["certificate"]
    body = first.request(keys) | {"verificationPayload": certificate}
    assert moved(second, body) == moved(first, body) == 14

    for rig in (first, second):
        rig.stop(signal.SIGKILL)
    server.kill()
    server.start()
    # Later than any clock of this test has been, and before the certificate ends.
    for rig in (first, second):
        rig.start(a_time + 600)

    # A retry after the failure: the same answer, nothing stored twice.
    assert moved(second, body) == 14
    assert first.work(a_time + 600)["keys"] == 14
    (shown,) = exported(first, bucket)
    assert {key.key for key in keys} < shown
    assert (
        second.ask("/exports/index.txt").body
        == bucket.request("GET", "/bucket/vn/index.txt")[1]
    )
    figures = second.ask("/api/stats/realm.json", key="stats").json["statistics"]
    assert figures[0]["data"]["codes_claimed"] == 2


def test_wrong_codes_are_counted_for_each_client_behind_a_proxy(first, second):
    def guess(rig, client: str) -> str:
        body = {"code": "00000000", "accept": ["confirmed"]}
        headers = {"X-Forwarded-For": client}
        answer = rig.ask("/api/verify", body, key="device", headers=headers)
        return answer.json["errorCode"]

    answers = [guess(rig, "192.0.2.7") for rig in (first, second, first, second)]

    assert answers == ["code_not_found"] * 3 + ["quota_exceeded"]
    assert guess(second, "192.0.2.8") == "code_not_found"


def test_a_machine_that_only_serves_does_not_publish(second):
    run = second.run("worker", "--once")

    assert json.loads(run.stderr)["error"] == "NothingStoredError"


def test_workers_that_start_together_publish_once(first, bucket, *, new_keys, a_time):
    before = len(exported(first, bucket))
    keys = new_keys(2)
    assert first.publish(first.request(keys)).status == 200
    main = "from proximity.cli.main import main; main()"
    command = [sys.executable, "-c", main, "authority", "worker", "--once", "--json"]
    workers = [
        subprocess.Popen(  # noqa: S603 - our own command
            [*command, "--data", str(first.data)],
            env=first.environment | {"PROXIMITY_NOW": str(a_time + 600)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    told = [(worker.communicate(timeout=60), worker.returncode) for worker in workers]

    done = [json.loads(out)["keys"] for (out, _), status in told if status == 0]
    refused = [json.loads(err)["error"] for (_, err), status in told if status]
    assert sorted(done)[-1] == 2
    assert sum(done) == 2
    assert set(refused) <= {"LockedError"}
    files = exported(first, bucket)
    assert [len(each & {key.key for key in keys}) for each in files[before:]] == [2]


def test_a_new_database_goes_on_from_a_backup(
    first, server, bucket, *, new_keys, a_time, tmp_path: Path
):
    keys = new_keys(3)
    assert first.publish(first.request(keys)).status == 200
    first.command("rotate")
    first.command("backup", "-o", str(tmp_path / "backup.tgz"))
    before = len(exported(first, bucket))
    first.stop(signal.SIGKILL)

    first.data = tmp_path / "restored"
    first.environment |= {
        "PROXIMITY_AUTHORITY_DATABASE_URL": server.url(server.database())
    }
    first.command("restore", str(tmp_path / "backup.tgz"))
    assert first.work(a_time + 600)["keys"] == 3

    files = exported(first, bucket)
    assert {key.key for key in keys} < files[before]
    # Later than a slow machine needed to make the secrets.
    first.start(a_time + 600)
    assert first.ask("/readyz").status == 200
