"""Phones on a virtual air: what one stores is what another's controller sent."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.client.engine import Engine, EngineSettings
from proximity.errors import StoreError
from proximity.protocol.gaen import (
    decode_metadata,
    decrypt_metadata,
    derive_ephemeral_ids,
)
from proximity.research.phones import Simulation, reported_keys
from proximity.research.virtual_phones import live_on_air
from proximity.research.world import Air
from proximity.scoring.config import built_in
from proximity.store.scans import read_scans
from proximity.store.schema import open_store
from proximity.units import MS_PER_S, interval_of

AN, BINH, KHOA = 0, 1, 2
NEAR_DBM = -64
FOREVER_MS = 2**50


class NoNetwork:
    """Living needs no network."""

    def get(self, url, max_bytes):
        raise AssertionError("a phone asked the network while it only listened")


def at_the_table(sender, receiver, t_s):
    """An and Bình hear each other; nobody hears Khoa."""
    return None if KHOA in (sender, receiver) else NEAR_DBM - receiver


@pytest.fixture(scope="module")
def world(make_world):
    world = make_world()
    return replace(world, receptions=(), air=Air(at_the_table, (-14, -15, -16)))


@pytest.fixture(scope="module")
def lived(world, tmp_path_factory):
    """The phones, and every sighting that each engine took, in its order."""
    return live(world, tmp_path_factory.mktemp("phones"))


def live(world, folder, seed=1):
    settings = EngineSettings("", (), built_in("en-v2"))
    simulation = Simulation(settings, NoNetwork(), np.random.default_rng(seed))
    taken = []
    hear = Engine.hear

    def listen(engine, sighting):
        taken.append(sighting)
        hear(engine, sighting)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "hear", listen)
        return live_on_air(world, folder, simulation), taken


def key_of(phone):
    (key,) = reported_keys(phone).keys
    return key


def scans_of(phone):
    connection = open_store(phone.store)
    try:
        return read_scans(connection, 0, FOREVER_MS)
    finally:
        connection.close()


def heard_from(lived, sender):
    """Return the sightings of one sender's IDs, and its key."""
    phones, taken = lived
    key = key_of(phones[sender])
    ids = derive_ephemeral_ids(key.key, key.start_interval, key.period)
    known = {row.tobytes(): key.start_interval + i for i, row in enumerate(ids)}
    return [(s, known[s.ephemeral_id]) for s in taken if s.ephemeral_id in known], key


def test_all_that_is_heard_was_sent_under_somebodys_key(lived):
    senders = [len(heard_from(lived, sender)[0]) for sender in (AN, BINH, KHOA)]

    assert sum(senders) == len(lived[1])
    # Eight scans of four seconds, every 270 to 280 ms.
    assert senders == [pytest.approx(8 * 4 / 0.275, rel=0.1)] * 2 + [0]


def test_an_id_is_heard_in_its_own_interval(lived):
    for sighting, interval in heard_from(lived, BINH)[0]:
        assert interval_of(sighting.t_ms / MS_PER_S) == interval


def test_the_air_gives_the_rssi_and_the_sender_states_its_power(lived):
    heard, key = heard_from(lived, BINH)
    stated = {
        decode_metadata(
            decrypt_metadata(key.key, s.ephemeral_id, s.metadata)
        ).tx_power_dbm
        for s, _ in heard
    }

    assert {sighting.rssi_dbm for sighting, _ in heard} == {NEAR_DBM}
    assert stated == {-15}


def test_the_address_changes_with_the_id_and_only_then(lived):
    pairs = {(s.ephemeral_id, s.address) for s in lived[1]}

    # Two senders in three intervals each.
    assert len(pairs) == len({i for i, _ in pairs}) == len({a for _, a in pairs}) == 6


def test_every_scan_is_stored_also_that_of_a_phone_alone(lived, world):
    for phone, planned in zip(lived[0], world.scans, strict=True):
        scans = scans_of(phone)
        assert np.abs(scans.start_ms - planned.start_ms).max() <= 1_000
        assert np.abs(scans.end_ms - planned.end_ms).max() <= 1_000


def test_a_phone_that_nobody_hears_has_a_key_to_report(lived):
    assert len(key_of(lived[0][KHOA]).key) == 16


def test_the_same_seed_gives_the_same_life(world, lived, tmp_path):
    _, again = live(world, tmp_path)

    assert [(s.t_ms, s.ephemeral_id) for s in again] == [
        (s.t_ms, s.ephemeral_id) for s in lived[1]
    ]


def test_a_recorded_world_has_no_air(make_world, tmp_path):
    with pytest.raises(ValueError, match="recorded"):
        live(make_world(), tmp_path)


def test_a_store_that_fails_is_named(world, tmp_path, monkeypatch):
    def fail(engine):
        raise StoreError("The disk is full.", "Make room.")

    monkeypatch.setattr(Engine, "flush", fail)

    with pytest.raises(StoreError, match="full"):
        live(world, tmp_path)
