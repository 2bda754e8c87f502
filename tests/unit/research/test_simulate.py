"""A tiny world through the straight line: who is told, of what, and when."""

import re
import urllib.request
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from proximity.client.network import HttpNetwork
from proximity.client.notification import Notification, NotificationKind
from proximity.errors import BadSignatureError
from proximity.research import simulate as module
from proximity.research.simulate import day_of_world, simulate
from proximity.scoring.config import built_in

AN, BINH, KHOA = 0, 1, 2
# Tuesday, 10 March 2026.
DAY = 20_522


def run(world, folder, seed=1):
    generator = np.random.default_rng(seed)
    verdicts = simulate(world, folder, built_in("en-v2"), generator)
    return {(verdict.case, verdict.contact): verdict for verdict in verdicts}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def verdicts(make_world, folder):
    return run(make_world(), folder)


def test_everybody_is_the_case_once_and_is_not_asked_about_themselves(verdicts):
    assert list(verdicts) == list(permutations(range(3), 2))


def test_who_sat_near_the_case_is_told_day_and_minutes(verdicts):
    told = (Notification(NotificationKind.EXPOSED, DAY, 30),)

    assert verdicts[AN, BINH].notifications == told
    assert verdicts[BINH, AN].notifications == told


def test_a_stranger_is_told_nothing_and_tells_of_nothing(verdicts):
    for pair in ((AN, KHOA), (BINH, KHOA), (KHOA, AN), (KHOA, BINH)):
        assert verdicts[pair].windows == ()
        assert verdicts[pair].notifications == ()


def test_windows_hold_the_measured_signal(verdicts):
    (window,) = verdicts[AN, BINH].windows

    assert (window.day, window.tx_power_dbm) == (DAY, -14)
    assert len(window.scans) == 8
    assert {scan.typical_attenuation_db for scan in window.scans} == {50}
    assert {rssi for _, rssi in window.series} == {-64}


def test_where_nobody_is_near_nobody_is_told(make_world, tmp_path):
    verdicts = run(make_world({}), tmp_path)

    assert len(verdicts) == 6
    assert {(v.windows, v.notifications) for v in verdicts.values()} == {((), ())}


def test_the_same_seed_gives_the_same_bits(make_world, verdicts, tmp_path):
    assert run(make_world(), tmp_path) == verdicts


def test_keys_are_published_at_ten_past_two_of_the_next_day(
    make_world, tmp_path, monkeypatch
):
    published, fetched = [], []
    publish, open_engine = module.publish, module.open_engine

    def publish_and_note(*arguments, **options):
        published.append(options["now_s"])
        return publish(*arguments, **options)

    def open_and_note(phone, clock, simulation):
        fetched.append(clock.wall())
        return open_engine(phone, clock, simulation)

    monkeypatch.setattr(module, "publish", publish_and_note)
    monkeypatch.setattr(module, "open_engine", open_and_note)
    run(make_world(people=2), tmp_path)

    ten_past_two = (DAY + 1) * 86_400 + 2 * 3_600 + 10 * 60
    assert published == [ten_past_two] * 2
    assert fetched == [ten_past_two] * 2


def test_only_the_published_directory_can_be_fetched(make_world, tmp_path, monkeypatch):
    listings = []

    class Curious(HttpNetwork):
        def get(self, url, max_bytes):
            root = re.match(r"http://127\.0\.0\.1:\d+/", url)[0]
            with urllib.request.urlopen(root) as page:  # noqa: S310 - just matched
                listings.append(re.findall('href="(.*?)"', page.read().decode()))
            return super().get(url, max_bytes)

    monkeypatch.setattr(module, "HttpNetwork", Curious)
    run(make_world(people=2), tmp_path)

    # Each of two phones fetches the index and an export; no store, no signing key.
    assert len(listings) == 4
    for names in listings:
        assert len(names) == 2
        assert {name.rpartition(".")[2] for name in names} == {"txt", "zip"}


def test_no_directory_with_signing_keys_stays(folder, verdicts):
    assert [path for path in folder.iterdir() if path.is_dir()] == []


def test_an_export_that_is_refused_ends_the_run(make_world, tmp_path, monkeypatch):
    published_keys = module.published_keys

    def of_somebody_else(directory):
        (pinned,) = published_keys(directory)
        stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
        key = replace(pinned.verification_key, public_key=stranger)
        return [replace(pinned, verification_key=key)]

    monkeypatch.setattr(module, "published_keys", of_somebody_else)

    with pytest.raises(BadSignatureError):
        run(make_world(people=2), tmp_path)


def test_progress_is_told_once_for_each_case(make_world, tmp_path):
    calls = []
    simulate(
        make_world({}, people=2),
        tmp_path,
        built_in("en-v2"),
        np.random.default_rng(1),
        progress=lambda: calls.append(None),
    )

    assert len(calls) == 2


def test_the_day_of_a_world_is_the_utc_day_of_its_tracks(make_world):
    assert day_of_world(make_world()) == DAY
