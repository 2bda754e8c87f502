"""Two authorities tell each other of travellers; devices of both find the keys once."""

import io
import json

import pytest

from proximity.protocol.export import open_export


@pytest.fixture(scope="module")
def vn(make_rig):
    return make_rig(minimum="20", region="VN", traveler_regions="LA,KH")


@pytest.fixture(scope="module")
def la(make_rig):
    return make_rig(minimum="20", region="LA", traveler_regions="VN")


def published(rig, folder: str = "") -> list[set[bytes]]:
    """Return the keys of every export of a published directory."""
    found = []
    index = rig.ask(f"/exports/{folder}index.txt")
    assert index.headers["cache-control"] == "public, max-age=300"
    for line in index.body.decode().splitlines():
        file = rig.ask(f"/exports/{folder}{line}")
        export = open_export(io.BytesIO(file.body)).unverified()
        assert export.region == (folder.strip("/") or rig.founded["region"])
        found.append({row.tobytes() for row in export.read().keys.key})
    return found


def add(rig, other, folder: str) -> dict:
    """Let one authority import from another; return its report."""
    host, port = other.address
    options = ("--region", other.founded["region"])
    keys = ("--public-keys", str(other.data / "public_keys.json"))
    url = f"http://{host}:{port}/exports/{folder}"
    (source,) = rig.command("import", url, *options, *keys)["sources"]
    return source


def test_travellers_keys_cross_the_border_both_ways_and_once(vn, la, new_keys):
    at_home, abroad = new_keys(2), new_keys(3)
    assert vn.publish(vn.request(at_home)).status == 200
    assert vn.publish(vn.request(abroad, traveler=True)).status == 200
    back = new_keys(2)
    assert la.publish(la.request(back, traveler=True)).status == 200
    vn.work()
    la.work()

    sent = {key.key for key in abroad}
    (for_la,) = published(vn, "LA/")
    assert for_la == published(vn, "KH/")[0]
    assert sent < for_la
    assert not for_la & {key.key for key in at_home}
    assert 20 <= len(for_la) <= 22

    assert add(la, vn, "LA/")["keys"] == len(for_la)
    assert add(vn, la, "VN/")["failed"] == []
    la.work()
    vn.work()

    own, imported = published(la)
    assert {key.key for key in back} < own
    assert for_la <= imported
    assert {key.key for key in back} < published(vn)[1]
    # What came from there is told to nobody else, and taken only once.
    assert len(published(la, "VN/")) == len(published(vn, "KH/")) == 1
    assert la.work()["batches"] == vn.work()["batches"] == 0


def test_an_authority_with_another_key_is_not_believed(vn, la, make_rig, new_keys):
    third = make_rig(started=False, region="KH")
    vn.publish(vn.request(new_keys(1), traveler=True))
    vn.work()
    options = ("--region", "VN", "--public-keys", str(la.data / "public_keys.json"))
    host, port = vn.address

    run = third.run("import", f"http://{host}:{port}/exports/KH/", *options)

    assert run.returncode == 1
    error = json.loads(run.stderr.splitlines()[-1])["error"]
    assert error in ("UnknownSignerError", "BadSignatureError")
    assert third.work()["batches"] == 0
