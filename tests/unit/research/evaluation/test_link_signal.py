"""Attenuation, direction by direction."""

from dataclasses import replace

import numpy as np

from proximity.research.evaluation.link_signal import directions


def test_each_direction_has_its_own_sightings(case):
    one = case([(0, 0, -60), (1, 1, -70), (2, 0, 0)])

    there, back = directions(one, one.asks[0])

    assert (there.receiver, back.receiver) == (0, 1)
    assert len(there.t_ms) == 2
    assert there.measured_db.tolist() == [60]
    assert back.measured_db.tolist() == [70]


def test_stated_power_counts_only_if_it_is_calibrated(case):
    plain = case([(0, 0, -60), (1, 0, -60)])
    power = plain.sightings._replace(tx_power_dbm=np.array([-20, np.nan], "f4"))
    calibrated = replace(plain, sightings=power)
    nominal = replace(calibrated, calibrated_power=False)

    for one, expected in ((calibrated, [40, 60]), (nominal, [60, 60])):
        there, _ = directions(one, one.asks[0])
        assert there.attenuation_db.tolist() == expected


def test_sightings_outside_the_ask_do_not_count(case):
    one = case([(0, 0, -60), (100, 0, -60)], seconds=50)

    assert len(directions(one, one.asks[0])[0].t_ms) == 1
