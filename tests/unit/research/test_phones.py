"""Phones of a world: own keys, own stores, and only what each really heard."""

import numpy as np
import pytest

from proximity.client.engine import Engine, EngineSettings
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import (
    decode_metadata,
    decrypt_metadata,
    derive_ephemeral_ids,
)
from proximity.protocol.sighting import MISSING_RSSI_DBM
from proximity.research.phones import (
    Simulation,
    VirtualTime,
    copy_phone,
    live,
    open_engine,
    reported_keys,
)
from proximity.scoring.config import built_in
from proximity.store.encounters import read_stored_encounters
from proximity.store.scans import read_scans
from proximity.store.schema import open_store
from proximity.units import MS_PER_S, interval_of

AN, BINH, KHOA = 0, 1, 2
FOREVER_MS = 2**50


class NoNetwork:
    """Living needs no network."""

    def get(self, url, max_bytes):
        raise AssertionError("a phone asked the network while it only listened")


def simulation(seed=1):
    settings = EngineSettings("", (), built_in("en-v2"))
    return Simulation(settings, NoNetwork(), np.random.default_rng(seed))


@pytest.fixture(scope="module")
def world(make_world):
    return make_world()


@pytest.fixture(scope="module")
def phones(world, tmp_path_factory):
    return live(world, tmp_path_factory.mktemp("phones"), simulation())


def stored(phone):
    connection = open_store(phone.store)
    try:
        return (
            read_stored_encounters(connection, "gaen", 0, FOREVER_MS),
            read_scans(connection, 0, FOREVER_MS),
        )
    finally:
        connection.close()


def only_key(phone):
    (key,) = reported_keys(phone).keys
    return key


@pytest.fixture
def heard(monkeypatch):
    """Collect every sighting that an engine takes."""
    taken = []
    hear = Engine.hear

    def listen(engine, sighting):
        taken.append(sighting)
        hear(engine, sighting)

    monkeypatch.setattr(Engine, "hear", listen)
    return taken


def test_virtual_time_goes_where_it_is_told_to():
    time = VirtualTime(5.0)
    clock = time.clock
    time.now_s = 90.0

    assert (clock.wall(), clock.monotonic()) == (90.0, 90.0)


def test_every_phone_has_a_key_of_its_own(phones):
    assert len({only_key(phone).key for phone in phones}) == 3


def test_a_case_hands_out_the_key_of_the_day_with_onset_that_day(phones, world):
    key = only_key(phones[AN])
    day = int(world.tracks.t_ms[0]) // (86_400 * MS_PER_S)

    assert (key.start_interval, key.period) == (day * 144, 144)
    assert key.report_type is ReportType.CONFIRMED_TEST
    assert key.days_since_onset == 0


def test_a_phone_that_nobody_hears_has_a_key_to_report(phones):
    assert len(only_key(phones[KHOA]).key) == 16


def test_the_key_is_not_readable_in_the_store(phones):
    assert only_key(phones[AN]).key not in phones[AN].store.read_bytes()


def test_a_phone_stores_the_sightings_that_were_measured(phones, world):
    encounters, _ = stored(phones[AN])

    assert sorted(encounters.t_ms.tolist()) == world.receptions[AN].t_ms.tolist()
    assert set(encounters.rssi_dbm.tolist()) == set(
        world.receptions[AN].rssi_dbm.tolist()
    )


def test_a_stranger_stores_no_sightings_and_all_silent_scans(phones, world):
    encounters, scans = stored(phones[KHOA])

    assert len(encounters.t_ms) == 0
    assert scans.start_ms.tolist() == world.scans[KHOA].start_ms.tolist()
    assert scans.end_ms.tolist() == world.scans[KHOA].end_ms.tolist()
    assert scans.monotonic_ms.tolist() == world.scans[KHOA].monotonic_ms.tolist()


def test_what_is_heard_derives_from_the_senders_key_at_that_time(
    make_world, tmp_path, heard
):
    phones = live(make_world({(AN, BINH): -64}), tmp_path, simulation())
    key = only_key(phones[BINH])
    ids = derive_ephemeral_ids(key.key, key.start_interval, key.period)

    assert len(heard) == 8
    for sighting in heard:
        position = interval_of(sighting.t_ms / MS_PER_S) - key.start_interval
        assert ids[position].tobytes() == sighting.ephemeral_id


def test_the_sender_states_the_power_of_the_recording(make_world, tmp_path, heard):
    world = make_world({(AN, BINH): -64})
    world.receptions[AN].tx_power_dbm[0] = -21
    phones = live(world, tmp_path, simulation())
    key = only_key(phones[BINH]).key

    stated = [
        decode_metadata(decrypt_metadata(key, s.ephemeral_id, s.metadata)).tx_power_dbm
        for s in heard
    ]
    assert stated == [-21] + [-14] * 7


def test_the_address_changes_with_the_id_and_only_then(make_world, tmp_path, heard):
    phones = live(make_world(), tmp_path, simulation())
    pairs = {(sighting.ephemeral_id, sighting.address) for sighting in heard}

    # Two senders in three intervals each.
    assert len(pairs) == len({i for i, _ in pairs}) == len({a for _, a in pairs}) == 6
    assert not stored(phones[AN])[0].address_changed.any()


def test_addresses_are_private_and_not_resolvable(make_world, tmp_path, heard):
    live(make_world(), tmp_path, simulation())

    # The two most significant bits are 0 (Bluetooth Core, volume 6, part B, 1.3.2.2).
    assert {sighting.address[0] >> 6 for sighting in heard} == {0}


def test_all_listeners_hear_the_same_id_of_a_sender(make_world, tmp_path, heard):
    live(make_world({(AN, KHOA): -70, (BINH, KHOA): -80}), tmp_path, simulation())
    at_an, at_binh = heard[:8], heard[8:]

    assert [(s.ephemeral_id, s.metadata, s.address) for s in at_an] == [
        (s.ephemeral_id, s.metadata, s.address) for s in at_binh
    ]


def test_a_signal_that_was_not_measured_stays_so(make_world, tmp_path):
    phones = live(make_world({(AN, BINH): MISSING_RSSI_DBM}), tmp_path, simulation())

    assert set(stored(phones[AN])[0].rssi_dbm.tolist()) == {MISSING_RSSI_DBM}


def test_the_same_seed_makes_the_same_keys_and_another_others(world, tmp_path):
    keys = []
    for number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        keys.append(
            {only_key(phone).key for phone in live(world, folder, simulation(seed))}
        )

    assert keys[0] == keys[1]
    assert keys[0].isdisjoint(keys[2])


def test_what_a_copy_learns_leaves_the_first_as_it_was(phones, tmp_path):
    before = stored(phones[AN])[0].t_ms.tolist()
    copy = copy_phone(phones[AN], tmp_path / "copy.sqlite")
    later = VirtualTime(before[-1] / MS_PER_S + 20 * 86_400)

    with open_engine(copy, later.clock, simulation()) as engine:
        engine.forget()

    assert stored(copy)[0].t_ms.tolist() == []
    assert stored(phones[AN])[0].t_ms.tolist() == before
    assert len(reported_keys(copy).keys) == 0
    assert only_key(phones[AN])
