"""Camera tracks: local time, people out of sight, damage."""

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets.dp3t_tracks import read_tracks

TIMES = ["2020-04-17 07:56:47.400000", "2020-04-17 07:56:47.600000"]


def test_camera_time_is_two_hours_ahead_of_utc(write_tracks):
    _, tracks = read_tracks([write_tracks({"datetime": TIMES, "1": [[0, 0, 0]] * 2})])

    # 2020-04-17 05:56:47.4 UTC.
    assert tracks.t_ms.tolist() == [1_587_103_007_400, 1_587_103_007_600]


def test_people_come_in_the_order_of_their_numbers(write_tracks):
    part = {"16": [[1.5, 2, 0], None], "datetime": TIMES, "5": [[3, 4, 0], [5, 6, 0]]}

    phones, tracks = read_tracks([write_tracks(part)])

    assert phones == (5, 16)
    assert tracks.x_m[0].tolist() == [3, 5]
    assert tracks.y_m[1][0] == 2
    assert np.isnan(tracks.x_m[1][1])


def test_somebody_missing_from_a_part_was_out_of_sight(write_tracks):
    later = ["2020-04-17 08:06:47.400000"]
    parts = [
        write_tracks({"datetime": TIMES, "1": [[0, 0, 0]] * 2}),
        write_tracks(
            {"datetime": later, "2": [[1, 1, 0]]}, name="1_lunch_part2.json.xz"
        ),
    ]

    phones, tracks = read_tracks(parts)

    assert phones == (1, 2)
    assert np.isnan(tracks.x_m).tolist() == [[False, False, True], [True, True, False]]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"1": []},
        {"datetime": []},
        {"datetime": [], "1": []},
        {"datetime": TIMES},
        {"datetime": "now"},
        {"datetime": [7]},
        {"datetime": ["2020-13-45 00:00:00"]},
        {"datetime": ["2020-04-17T07:56:47Z"]},
        {"datetime": TIMES, "1": [[0, 0, 0]]},
        {"datetime": TIMES, "1": [[0], [0]]},
        {"datetime": TIMES, "1": [["a", "b"], None]},
        {"datetime": TIMES, "1": {"0": 1}},
        {"datetime": TIMES, "1": [[1e999, 0, 0], None]},
        {"datetime": TIMES, "1": [[10**400, 0, 0], None]},
        {"datetime": TIMES, "anna": [None, None]},
        {"datetime": TIMES[::-1], "1": [None, None]},
    ],
)
def test_what_is_no_track_is_refused(write_tracks, document):
    with pytest.raises(FormatError):
        read_tracks([write_tracks(document)])
