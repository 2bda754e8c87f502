"""The model of what phones hear: distance, carriage, scans, losses."""

import numpy as np
import pytest

from proximity.research.channel import Channel, hear, mean_loss_db
from proximity.research.floor_plan import Carriage, Person, walk
from proximity.units import MS_PER_S

DAY = 20_522
STILL = Channel(
    receiver_sd_db=0, sender_sd_db=0, slow_sd_db=0, fast_sd_db=0, heard_share=1
)


def standing(x_m, place=Carriage.TABLE):
    return Person("P", ((0, x_m, 0),), ((0, place),), -14)


def heard_from(people, channel=STILL):
    generator = np.random.default_rng(3)
    tracks = walk(people, DAY, generator)
    return hear(people, tracks, channel, generator)


@pytest.fixture(scope="module")
def two():
    return heard_from((standing(0), standing(2)))


def test_loss_grows_with_distance_and_stops_falling_close_by():
    loss = mean_loss_db(np.array([0.0, 0.3, 1, 10]), Channel())

    assert loss[0] == loss[1] < loss[2]
    assert loss[2] == Channel().loss_at_1_m_db
    assert loss[3] - loss[2] == pytest.approx(10 * Channel().exponent)


def test_scans_last_four_seconds_every_two_and_a_half_to_five_minutes(two):
    for scans in two[1]:
        pauses_s = np.diff(scans.start_ms) / MS_PER_S
        assert np.all(scans.end_ms - scans.start_ms == 4_000)
        assert pauses_s.min() >= 149
        assert pauses_s.max() <= 301
        assert 23 <= len(scans.start_ms) <= 48


def test_phones_do_not_scan_in_step(two):
    first, second = two[1]

    assert first.start_ms[0] != second.start_ms[0]


def test_everything_heard_was_heard_during_a_scan(two):
    for receptions, scans in zip(*two, strict=True):
        scan = np.searchsorted(scans.start_ms, receptions.t_ms, side="right") - 1
        assert np.all(receptions.t_ms <= scans.end_ms[scan])
        assert np.all(np.diff(receptions.t_ms) >= 0)


def test_a_phone_never_hears_itself(two):
    assert set(two[0][0].transmitter.tolist()) == {1}


def test_the_stated_power_minus_the_rssi_is_the_loss(two):
    receptions = two[0][0]
    loss = np.median(receptions.tx_power_dbm - receptions.rssi_dbm.astype(np.int64))

    assert loss == pytest.approx(mean_loss_db(np.array([2.0]), STILL)[0], abs=1)


def test_pockets_cost_signal():
    pocket = heard_from((standing(0), standing(2, Carriage.POCKET)))[0][0]
    table = heard_from((standing(0), standing(2)))[0][0]

    cost = table.rssi_dbm.mean() - pocket.rssi_dbm.mean()
    assert cost == pytest.approx(Carriage.POCKET.value, abs=0.3)


def test_nothing_is_heard_from_far_away():
    assert len(heard_from((standing(0), standing(2_000)))[0][0].t_ms) == 0


def test_collisions_thin_out_what_is_heard():
    noisy = Channel(
        receiver_sd_db=0, sender_sd_db=0, slow_sd_db=0, fast_sd_db=0, heard_share=0.25
    )
    all_of_it = len(heard_from((standing(0), standing(2)))[0][0].t_ms)
    some = len(heard_from((standing(0), standing(2)), noisy)[0][0].t_ms)

    assert some / all_of_it == pytest.approx(0.25, abs=0.08)
