"""The whole round over HTTP: code, certificate, upload, worker, signed export."""

import io
import json
import re
import signal

import pytest

from proximity.protocol.export import open_export
from proximity.protocol.signature import VerificationKey, load_public_key


def exported(rig) -> list[dict]:
    """Return every published file: its keys by bytes, verified as clients do."""
    pem = rig.founded["public_key"].encode()
    name = rig.founded["key_id"], rig.founded["key_version"]
    pinned = VerificationKey(load_public_key(pem), *name)
    found = []
    for line in rig.ask("/exports/index.txt").body.decode().splitlines():
        answer = rig.ask(f"/exports/{line}")
        assert answer.status == 200
        keys = open_export(io.BytesIO(answer.body)).verify([pinned]).read()
        found.append(
            {
                "keys": {k.tobytes(): i for i, k in enumerate(keys.keys.key)},
                "revised": {k.tobytes(): i for i, k in enumerate(keys.revised.key)},
                "columns": keys,
            }
        )
    return found


def test_a_code_becomes_a_signed_export(make_rig, new_keys, a_day):
    rig = make_rig(minimum="20")
    keys = new_keys(14)
    answer = rig.publish(rig.request(keys))

    assert (answer.status, answer.json["insertedExposures"]) == (200, 14)
    assert answer.json["revisionToken"]
    assert len(answer.json["padding"]) >= 1024
    report = rig.work()
    assert (report["batches"], report["keys"], report["held_back"]) == (1, 14, 0)
    (file,) = exported(rig)
    assert {key.key for key in keys} <= set(file["keys"])
    assert 20 <= len(file["keys"]) <= 22
    columns = file["columns"].keys
    at = file["keys"][keys[0].key]
    # Symptoms began three days ago, the key is of yesterday.
    assert columns.days_since_onset[at] == 2
    assert columns.transmission_risk[at] == 2
    assert rig.work()["batches"] == 0


def test_a_key_of_today_waits_for_its_end_and_two_hours(
    make_rig, new_keys, a_day, a_time
):
    rig = make_rig(minimum="0")
    today = new_keys(1, first=0)
    assert rig.publish(rig.request(today)).status == 200

    assert rig.work()["held_back"] == 1
    free_s = (a_day + 1) * 86_400 + 7_200
    assert rig.work(free_s - 600)["keys"] == 0
    assert rig.work(free_s)["keys"] == 1


def test_what_was_acknowledged_survives_a_kill(make_rig, new_keys):
    rig = make_rig(minimum="0")
    keys = new_keys(3)
    assert rig.publish(rig.request(keys)).status == 200

    rig.stop(signal.SIGKILL)
    assert rig.work()["keys"] == 3


def test_the_server_ends_when_it_is_asked(make_rig, new_keys):
    rig = make_rig(minimum="0")
    rig.publish(rig.request(new_keys(1)))

    assert rig.stop() == 0
    lines = [json.loads(line) for line in rig.log_file.read_text().splitlines()]
    assert lines[-1]["event"] == "end"


def test_files_may_be_cached_for_ever_and_the_index_for_minutes(rig, new_keys):
    rig.publish(rig.request(new_keys(1)))
    rig.work()
    index = rig.ask("/exports/index.txt")
    name = index.body.decode().splitlines()[0]

    assert "immutable" in rig.ask(f"/exports/{name}").headers["cache-control"]
    assert index.headers["cache-control"] == "public, max-age=300"
    assert index.headers["x-next-poll"].isdigit()
    assert index.headers["content-type"].startswith("text/plain")
    assert re.fullmatch(r"[0-9]+-[0-9]+-[0-9]{5}\.zip", name)


@pytest.mark.parametrize(
    "name", ["..%2fauthority.sqlite", "passphrase", ".index.txt.new"]
)
def test_nothing_but_published_files_is_served(rig, name):
    assert rig.ask(f"/exports/{name}").status == 404


def test_a_directory_without_test_does_not_hear_the_clock(tmp_path, make_rig):
    rig = make_rig(started=False)
    settings = json.loads((rig.data / "settings.json").read_text())
    (rig.data / "settings.json").write_text(json.dumps(settings | {"test": False}))

    assert rig.work(now_s=0)["next_run"] > 1_700_000_000


def test_an_authority_is_made_once(make_rig):
    rig = make_rig(started=False)
    run = rig.run("init")

    assert run.returncode == 1
    assert json.loads(run.stderr)["error"] == "PolicyError"
