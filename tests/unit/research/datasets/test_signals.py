"""The typed form: order, impossible values, advertisements logged twice."""

import numpy as np
import pytest

from proximity.research.datasets.signals import (
    NO_SEGMENT,
    Sightings,
    clean,
    join,
    narrow,
    numbered,
    rows_of,
    spans_of,
)


def rows(t_ms, rssi_dbm=None, *, link=(0, 1), power=None):
    n = len(t_ms)
    rssi = np.full(n, -70.0) if rssi_dbm is None else np.array(rssi_dbm, float)
    return rows_of(
        Sightings(
            np.array(t_ms),
            rssi,
            np.full(n, link[0]),
            np.full(n, link[1]),
            np.full(n, np.nan) if power is None else np.array(power, float),
        )
    )


@pytest.mark.parametrize("rssi", [0, 127, -9, -121, np.inf, np.nan])
def test_an_rssi_that_no_radio_measures_is_missing_but_was_heard(rssi):
    heard = clean(rows([0, 50], [rssi, -70])).sightings

    assert len(heard.t_ms) == 2
    assert np.isnan(heard.rssi_dbm[0])
    assert heard.rssi_dbm[1] == -70


@pytest.mark.parametrize("rssi", [-10, -120])
def test_the_limits_themselves_are_measured(rssi):
    assert clean(rows([0], [rssi])).sightings.rssi_dbm[0] == rssi


def test_a_power_out_of_range_is_not_known():
    heard = clean(rows([0, 50, 100], power=[72, -120, 8])).sightings

    assert np.isnan(heard.tx_power_dbm[:2]).all()
    assert heard.tx_power_dbm[2] == 8


def test_time_that_goes_back_is_put_in_order():
    found = clean(rows([500, 100, 300], [-50, -10, -30]))

    assert found.sightings.t_ms.tolist() == [100, 300, 500]
    assert found.sightings.rssi_dbm.tolist() == [-10, -30, -50]


def test_what_is_logged_twice_within_a_millisecond_counts_once():
    heard = clean(rows([0, 1, 30, 30, 60], [-50, -51, -60, -61, -70])).sightings

    assert heard.t_ms.tolist() == [0, 30, 60]
    assert heard.rssi_dbm.tolist() == [-50, -60, -70]


def test_a_link_heard_every_millisecond_is_thinned_not_silenced():
    assert clean(rows(range(10))).sightings.t_ms.tolist() == [0, 2, 4, 6, 8]


def test_two_receivers_of_one_advertisement_both_heard_it():
    both = join([rows([5]), rows([5], link=(2, 1))])

    assert clean(both).sightings.receiver.tolist() == [0, 2]


def test_coarse_clocks_keep_every_sighting():
    assert len(clean(rows([0, 0, 0]), repeat_ms=None).sightings.t_ms) == 3


def test_one_sighting_and_none_are_fine():
    assert clean(rows([7])).sightings.t_ms.tolist() == [7]
    assert len(clean(rows([])).segment) == 0


def test_truth_is_unknown_where_it_is_not_given():
    found = rows([1])

    assert np.isnan(found.distance_m[0])
    assert found.segment.tolist() == [NO_SEGMENT]


def test_truth_follows_its_sighting():
    heard = rows([200, 100]).sightings
    found = clean(rows_of(heard, distance_m=np.array([2.0, 1.0])))

    assert found.distance_m.tolist() == [1.0, 2.0]


def test_names_are_numbered_in_order_of_appearance():
    names, index = numbered(["b", "a", "b"])

    assert names == ("b", "a")
    assert index.tolist() == [0, 1, 0]


def test_a_span_holds_first_and_last_time():
    spans = spans_of(np.array([0, 1, 0]), np.array([5, 7, 2]), 2)

    assert spans.tolist() == [[2, 5], [7, 7]]


def test_numbers_beyond_single_precision_are_no_measurement():
    assert np.isnan(narrow(np.array([1e300, -np.inf]))).all()
