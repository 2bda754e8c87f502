"""The model of what phones hear: distance, carriage, scans, losses."""

from dataclasses import replace

import numpy as np
import pytest

from proximity.research.channel import Channel, mean_loss_db, reach_of, scan_times
from proximity.research.floor_plan import Carriage, Person, clock_ms, walk
from proximity.units import MS_PER_S

DAY = 20_522
TX_POWER_DBM = -14
STILL = Channel(
    receiver_sd_db=0, sender_sd_db=0, slow_sd_db=0, fast_sd_db=0, heard_share=1
)


def standing(x_m, place=Carriage.TABLE):
    return Person("P", ((0, x_m, 0),), ((0, place),), TX_POWER_DBM)


def reach_between(people, channel=STILL):
    generator = np.random.default_rng(3)
    tracks = walk(people, DAY, generator)
    reach = reach_of(people, tracks, channel, generator)
    return lambda after_s: reach(1, 0, int(tracks.t_ms[0]) / MS_PER_S + after_s)


def rssi_of(people, channel=STILL, count=500):
    reach = reach_between(people, channel)
    heard = [reach(after_s) for after_s in range(count)]
    return [rssi_dbm for rssi_dbm in heard if rssi_dbm is not None]


def test_loss_grows_with_distance_and_stops_falling_close_by():
    loss = mean_loss_db(np.array([0.0, 0.3, 1, 10]), Channel())

    assert loss[0] == loss[1] < loss[2]
    assert loss[2] == Channel().loss_at_1_m_db
    assert loss[3] - loss[2] == pytest.approx(10 * Channel().exponent)


def test_scans_last_four_seconds_every_two_and_a_half_to_five_minutes():
    scans = scan_times(clock_ms(DAY), np.random.default_rng(3))
    pauses_s = np.diff(scans.start_ms) / MS_PER_S

    assert np.all(scans.end_ms - scans.start_ms == 4_000)
    assert pauses_s.min() >= 149
    assert pauses_s.max() <= 301
    assert 23 <= len(scans.start_ms) <= 48


def test_phones_do_not_scan_in_step():
    generator = np.random.default_rng(3)
    first, second = (scan_times(clock_ms(DAY), generator) for _ in range(2))

    assert first.start_ms[0] != second.start_ms[0]


def test_the_stated_power_minus_the_rssi_is_the_loss():
    rssi_dbm = np.median(rssi_of((standing(0), standing(2))))

    loss_db = mean_loss_db(np.array([2.0]), STILL)[0]
    assert TX_POWER_DBM - rssi_dbm == pytest.approx(loss_db, abs=1)


def test_pockets_cost_signal():
    pocket = np.mean(rssi_of((standing(0), standing(2, Carriage.POCKET))))
    table = np.mean(rssi_of((standing(0), standing(2))))

    assert table - pocket == pytest.approx(Carriage.POCKET.value, abs=0.3)


def test_signals_follow_the_walk():
    walking = Person("P", ((0, 1, 0), (10, 16, 0)), ((0, Carriage.TABLE),), -14)
    reach = reach_between((standing(0), walking))

    assert reach(1) > reach(60) > reach(590)


def test_nothing_arrives_from_far_away():
    assert rssi_of((standing(0), standing(2_000))) == []


def test_before_and_after_the_evening_people_stay_where_they_are():
    reach = reach_between((standing(0), standing(2)))

    assert reach(-10) == pytest.approx(reach(0), abs=1)
    assert reach(100_000) == pytest.approx(reach(0), abs=3)


def test_collisions_thin_out_what_arrives():
    noisy = replace(STILL, heard_share=0.25)
    both = standing(0), standing(2)

    assert len(rssi_of(both, noisy)) / len(rssi_of(both)) == pytest.approx(
        0.25, abs=0.08
    )


def test_signals_stay_within_what_radios_report():
    loud = replace(STILL, fast_sd_db=60.0, floor_dbm=-400.0)
    rssi_dbm = rssi_of((standing(0), standing(2)), loud)

    assert (min(rssi_dbm), max(rssi_dbm)) == (-110, 20)
