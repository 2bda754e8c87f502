"""A phone of the district."""

import json

import numpy as np
import pytest

from proximity.client.submission import AuthorityAddress
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Scans
from proximity.research.district.device import Device, Far
from proximity.store.encounters import read_encounters
from proximity.store.schema import open_store

DAY = 20_600
NOON_MS = (DAY * 86_400 + 43_200) * 1_000


class Poster:
    """An authority that refuses every code."""

    def __init__(self) -> None:
        self.asked = []

    def post(self, url, body, headers, *, max_bytes):
        self.asked.append((url, json.loads(body)))
        return 400, b'{"errorCode": "code_not_found"}'


@pytest.fixture
def far():
    address = AuthorityAddress("http://localhost", "key", "org.example")
    return Far(Poster(), address, np.random.default_rng(0))


def test_a_phone_sends_the_ids_of_the_key_of_the_day(tmp_path, far):
    phone = Device(tmp_path / "one", far)
    ids = derive_ephemeral_ids(phone.key_of(DAY), DAY * 144)

    ephemeral_id, metadata = phone.advertisement(NOON_MS)

    assert ephemeral_id == ids[72].tobytes()
    assert len(metadata) == 4
    assert phone.advertisement(NOON_MS + 600_000)[0] == ids[73].tobytes()


def test_what_a_phone_heard_lies_in_its_store(tmp_path, far):
    one, other = Device(tmp_path / "one", far), Device(tmp_path / "other", far)
    start_ms = np.array([NOON_MS], np.int64)
    scans = Scans(start_ms, start_ms + 4_000, start_ms - NOON_MS)
    one.listen([(other, NOON_MS + 300, -60), (other, NOON_MS + 900, -62)], scans)

    connection = open_store(tmp_path / "one" / "store.sqlite")
    found = read_encounters(connection, NOON_MS, NOON_MS + 4_000)
    connection.close()
    assert [row.tobytes() for row in found.ephemeral_id] == [
        other.advertisement(NOON_MS)[0]
    ]
    assert found.rssi_dbm.tolist() == [-60, -62]


def test_a_mistyped_code_is_another_code_and_leaves_no_key(tmp_path, far):
    phone = Device(tmp_path / "one", far)
    phone.mistype("12345679")

    ((url, fields),) = far.poster.asked
    assert url.endswith("/api/verify")
    assert fields["code"] == "12345670"


def test_one_seed_makes_the_same_keys(tmp_path):
    address = AuthorityAddress("http://localhost", "key", "org.example")
    made = [
        Device(tmp_path, Far(Poster(), address, np.random.default_rng(5))).key_of(DAY)
        for _ in range(2)
    ]

    assert made[0] == made[1]
