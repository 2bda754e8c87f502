import numpy as np

from proximity.matching.listening import listening, place, previous_start_ms
from proximity.protocol.sighting import Scans

GAP_S = 25.5


def scans(*ends_ms):
    start_ms = np.array([start for start, _ in ends_ms], np.int64)
    end_ms = np.array([end for _, end in ends_ms], np.int64)
    return Scans(start_ms, end_ms, np.full(len(start_ms), -1, np.int64))


def heard(times_ms, *ends_ms):
    return listening(np.array(times_ms, np.int64), scans(*ends_ms), GAP_S)


def starts(times_ms, listened):
    return place(np.array(times_ms, np.int64), listened).start_ms.tolist()


def test_sightings_up_to_25_and_a_half_seconds_apart_are_one_scan():
    times = [0, 25_500, 51_001]

    assert starts(times, heard(times)) == [0, 0, 51_001]


def test_a_recorded_scan_holds_its_sightings_however_far_apart():
    times = [1_000, 200_000]
    found = place(np.array(times), heard(times, (0, 210_000)))

    assert found.start_ms.tolist() == [0, 0]
    assert found.recorded.all()


def test_a_sighting_after_a_scan_is_in_an_implied_one():
    times = [1_000, 4_500]
    found = place(np.array(times), heard(times, (0, 4_000)))

    assert found.start_ms.tolist() == [0, 4_500]
    assert found.recorded.tolist() == [True, False]


def test_a_recorded_scan_parts_the_sightings_around_it():
    times = [1_000, 12_000]

    assert starts(times, heard(times, (5_000, 9_000))) == [1_000, 12_000]


def test_the_latest_scan_begun_takes_the_sighting_while_any_is_running():
    times = [50, 150, 500]

    assert starts(times, heard(times, (0, 1_000), (100, 200))) == [0, 100, 100]


def test_a_sighting_where_two_scans_meet_belongs_to_the_later_one():
    times = [210_000]

    assert starts(times, heard(times, (0, 210_000), (210_000, 420_000))) == [210_000]


def test_the_previous_scan_counts_whatever_it_heard():
    listened = heard([700_000], (0, 4_000), (300_000, 304_000), (600_000, 800_000))

    assert previous_start_ms(600_000, listened) == 300_000


def test_an_implied_scan_is_a_previous_scan_too():
    listened = heard([100_000], (300_000, 304_000))

    assert previous_start_ms(300_000, listened) == 100_000


def test_before_the_first_scan_there_is_none():
    assert previous_start_ms(0, heard([], (0, 4_000))) is None


def test_scans_that_begin_together_are_not_each_other_s_previous():
    listened = heard([], (0, 10), (300_000, 304_000), (300_000, 305_000))

    assert previous_start_ms(300_000, listened) == 0
