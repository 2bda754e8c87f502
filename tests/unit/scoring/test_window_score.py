import numpy as np

from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.window_score import (
    Drop,
    bucket_seconds,
    columns_of,
    first_drop,
)

CONFIRMED = ReportType.CONFIRMED_TEST


def test_columns_tell_whose_window_each_scan_is(window, today):
    groups = [[window((50, 60), (60, 120), age=1)], [], [window((70, 180), age=2)]]

    columns = columns_of(groups, today, CONFIRMED)

    assert columns.group.tolist() == [0, 2]
    assert columns.age.tolist() == [1, 2]
    assert columns.window.tolist() == [0, 0, 1]
    assert columns.seconds.tolist() == [60, 120, 180]
    assert columns.min_db.tolist() == [50, 60, 70]


def test_negative_time_since_the_last_scan_counts_as_zero(window, today):
    columns = columns_of([[window((50, -86_160))]], today, CONFIRMED)

    assert columns.seconds.tolist() == [0]


def test_missing_report_type_is_replaced(window, today):
    groups = [[window(report_type=t) for t in (ReportType.UNKNOWN, ReportType.REVOKED)]]

    columns = columns_of(groups, today, ReportType.SELF_REPORT)

    assert columns.report_type.tolist() == [ReportType.SELF_REPORT, ReportType.REVOKED]


def test_no_windows_give_empty_columns(today):
    columns = columns_of([], today, CONFIRMED)

    assert all(len(column) == 0 for column in columns)
    assert bucket_seconds(columns, columns.window, 3).shape == (0, 3)


def test_seconds_are_summed_by_window_and_bucket(window, today):
    groups = [[window((50, 60), (50, 120), (60, 240)), window(), window((60, 300))]]
    columns = columns_of(groups, today, CONFIRMED)

    total = bucket_seconds(columns, np.array([0, 0, 1, 1]), 2)

    assert total.tolist() == [[180, 240], [0, 0], [0, 300]]


def test_first_reason_that_holds_is_the_reason():
    drop = first_drop(
        3,
        (np.array([True, False, False]), Drop.REPORT_TYPE),
        (np.array([True, True, False]), Drop.TOO_SHORT),
    )

    assert drop.tolist() == [Drop.REPORT_TYPE, Drop.TOO_SHORT, Drop.COUNTED]
