"""The whole round over HTTP: code, certificate, upload, worker, signed export."""

import io
import json
import re
import signal
import sqlite3
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from proximity.authority.signed_token import decode_base64url
from proximity.protocol.export import open_export
from proximity.protocol.signature import VerificationKey, load_public_key
from proximity.units import iso_day


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


def stored(rig, key) -> dict[str, int]:
    """Return the row of a key."""
    with closing(sqlite3.connect(rig.data / "authority.sqlite")) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute("SELECT * FROM exposures WHERE key = ?", (key.key,))
        return dict(found.fetchone())


def test_what_a_person_says_of_travel_and_onset_is_stored(rig, new_keys, a_day):
    keys = new_keys(3)
    # An officer gave no date of symptoms, but one of the test, the day before.
    issued = rig.issue(symptomDate="", testDate=iso_day(a_day - 4))
    body = {"code": issued["code"]}
    token = rig.ask("/api/verify", body, key="device").json["token"]
    body = {"token": token, "ekeyhmac": rig.mac(keys)}
    certificate = rig.ask("/api/certificate", body, key="device").json["certificate"]
    body = rig.request(keys) | {"verificationPayload": certificate}
    answer = rig.publish(
        body
        | {
            "traveler": True,
            # That of the certificate counts.
            "symptomOnsetInterval": (a_day - 9) * 144,
            "padding": "AAAA" * 1_000,
            "appPackageName": "of an earlier version",
        }
    )

    assert (answer.status, answer.json["insertedExposures"]) == (200, 3)
    rows = [stored(rig, key) for key in keys]
    assert [row["onset_days"] for row in rows] == [3, 2, 1]
    assert {row["traveler"] for row in rows} == {1}
    assert {row["region"] for row in rows} == {"VN"}


def test_the_certificate_verifies_by_the_published_keys(rig, new_keys):
    certificate = rig.certificate(new_keys(1))
    signed, _, signature = certificate.rpartition(".")
    header = json.loads(decode_base64url(signed.partition(".")[0]))
    (jwk,) = [
        each
        for each in rig.ask("/.well-known/jwks.json").json["keys"]
        if each["kid"] == header["kid"]
    ]
    x, y = (int.from_bytes(decode_base64url(jwk[name]), "big") for name in "xy")
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    raw = decode_base64url(signature)
    numbers = [int.from_bytes(raw[at : at + 32], "big") for at in (0, 32)]

    key.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(SHA256()))


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
