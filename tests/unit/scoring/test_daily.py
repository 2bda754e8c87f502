import numpy as np

from proximity.protocol.diagnosis_key import ReportType
from proximity.scoring.daily import fold_days
from proximity.scoring.window_score import Drop, WindowScores, columns_of


def folded(groups, today, values, drops):
    columns = columns_of(groups, today, ReportType.CONFIRMED_TEST)
    scores = WindowScores(
        value=np.array(values, float),
        drop=np.array(drops),
        near=columns.min_db < 60,
        bucket_s=np.zeros((len(values), 0)),
        factors={},
    )
    return [tuple(fold) for fold in fold_days(columns, scores)]


def test_windows_are_gathered_by_person_and_day(window, today):
    near = (50, 300)
    groups = [
        [window(near, age=1), window(near, age=2), window(near, age=1)],
        [window()],
    ]

    folds = folded(groups, today, [1, 2, 3, 4], [Drop.COUNTED] * 4)

    assert folds == [
        (0, today - 2, [2.0], 5.0),
        (0, today - 1, [1.0, 3.0], 10.0),
        (1, today, [4.0], 0.0),
    ]


def test_dropped_windows_and_far_scans_add_no_minutes(window, today):
    groups = [[window((50, 300), (70, 300)), window((50, 300))]]

    folds = folded(groups, today, [1, 2], [Drop.COUNTED, Drop.TOO_SHORT])

    assert folds == [(0, today, [1.0], 5.0)]


def test_no_windows_give_no_days(today):
    assert folded([[]], today, [], []) == []
