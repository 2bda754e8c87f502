"""An honest index is never refused, one that hides a recent file always is."""

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import ReplayedError
from proximity.protocol.index_history import RememberedIndex, advance_index

HOUR_S = 3_600
DAY_S = 86_400
RETENTION_S = 14 * DAY_S
START_S = 1_600_000_000


def names(hours: list[int]) -> list[str]:
    """Return the lines of an authority that published at these hours."""
    ends = [START_S + hour * HOUR_S for hour in sorted(hours)]
    starts = [START_S - DAY_S, *ends]
    return [f"{a}-{b}-00001.zip" for a, b in zip(starts, ends, strict=False)]


def listed(lines: list[str], now_s: int) -> list[str]:
    """Return what an honest authority lists at a time."""
    ends = {line: int(line.split("-")[1]) for line in lines}
    return [line for line, end in ends.items() if end <= now_s < end + RETENTION_S]


hours = st.lists(st.integers(1, 1_000), min_size=1, max_size=40, unique=True)
visits = st.lists(st.integers(0, 1_100), min_size=1, max_size=15)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(hours, visits, st.integers(-20, 20))
def test_an_honest_index_is_never_refused(
    published: list[int], visited: list[int], drift_h: int
):
    lines, remembered = names(published), RememberedIndex()
    for hour in sorted(visited):
        now_s = START_S + hour * HOUR_S
        # The clock of the device differs from that of the authority.
        remembered = advance_index(
            remembered,
            listed(lines, now_s),
            proven=remembered.lines,
            now_s=now_s + drift_h * HOUR_S,
        )


@settings(derandomize=True, deadline=None, max_examples=200)
@given(hours, st.integers(0, 1_000), st.data())
def test_an_index_that_hides_a_recent_file_is_refused(
    published: list[int], hour: int, data: st.DataObject
):
    now_s = START_S + hour * HOUR_S
    seen = listed(names(published), now_s)
    recent = [line for line in seen if int(line.split("-")[1]) > now_s - 12 * DAY_S]
    if not recent:
        return
    hidden = data.draw(st.sets(st.sampled_from(recent), min_size=1))

    try:
        advance_index(
            RememberedIndex(tuple(seen)),
            [line for line in seen if line not in hidden],
            proven=seen,
            now_s=now_s,
        )
    except ReplayedError:
        return
    raise AssertionError("a thinned index was accepted")
