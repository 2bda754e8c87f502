import pytest

from proximity.matching.exposure_window import Infectiousness
from proximity.scoring.config import BUILT_IN, built_in
from proximity.scoring.explain import explain


def test_every_window_tells_its_minutes_weights_and_part(window, today):
    windows = [
        window((50, 600), (60, 300), age=1),
        window((50, 300), age=1),
        window((50, 900), age=20),
        window((50, 900), age=2, infectiousness=Infectiousness.STANDARD),
    ]
    configuration = built_in("cwa-2020-12")

    found = explain(configuration, windows, today)

    assert (found.rule, found.digest) == (configuration.name, configuration.digest)
    assert [b.weight for b in found.buckets] == [1.0, 0.5, 0.0]
    assert [d.score.day for d in found.days] == [today - 2, today - 1]
    kept, dropped = found.days[1].windows
    # 10 min * 1 + 5 min * 0.5 = 12.5 min, times 1.6.
    assert (kept.index, kept.reason, kept.value) == (0, "counted", 20.0)
    assert kept.bucket_minutes == (10.0, 5.0, 0.0)
    assert kept.factors == {"transmission_risk": 1.6}
    assert (dropped.index, dropped.reason, dropped.value) == (1, "too_short", 0.0)
    assert found.days[0].windows[0].factors == {"transmission_risk": 1.4}
    assert found.outside == (2,)


@pytest.mark.parametrize("name", BUILT_IN)
def test_explained_values_make_the_days_value(name, window, today):
    configuration = built_in(name)
    windows = [window((45, 300), (52, 300), (62, 300)), window((50, 600), (72, 300))]

    (day,) = explain(configuration, windows, today).days

    values = [w.value for w in day.windows]
    assert day.score == configuration.rule.daily(windows, today)[0]
    assert day.score.value == configuration.rule.formula.day_value(values)


@pytest.mark.parametrize("name", BUILT_IN)
def test_nothing_needs_no_explanation(name, today):
    found = explain(built_in(name), [], today)

    assert (found.days, found.outside) == ((), ())
