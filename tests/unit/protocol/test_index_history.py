"""What an index may list after what it listed before."""

from types import SimpleNamespace

import pytest

from proximity.errors import ReplayedError
from proximity.protocol import index_history as module
from proximity.protocol.index_history import RememberedIndex, check_name

NOW_S = 1_600_000_000
DAY_S = 86_400


def line(end_days_ago: float) -> str:
    end_s = int(NOW_S - end_days_ago * DAY_S)
    return f"{end_s - DAY_S}-{end_s}-00001.zip"


OLD, MIDDLE, NEW = line(10), line(5), line(1)
# Old enough that the authority has taken it away.
EXPIRED = line(15)


def advance_index(known: RememberedIndex, lines: list[str], *, proven=None):
    """Compare two indexes of which every remembered line was proved."""
    proven = known.lines if proven is None else proven
    return module.advance_index(known, lines, proven=proven, now_s=NOW_S)


def test_late_files_may_appear_anywhere():
    known = RememberedIndex((OLD, NEW))

    assert advance_index(known, [OLD, MIDDLE, NEW]).lines == (
        OLD,
        MIDDLE,
        NEW,
    )


def test_the_oldest_files_may_vanish_once_they_are_old():
    known = RememberedIndex((EXPIRED, OLD))

    assert advance_index(known, [OLD, NEW]).lines == (OLD, NEW)


@pytest.mark.parametrize("lines", [[OLD, NEW], [OLD, MIDDLE], [NEW], [], [MIDDLE, NEW]])
def test_a_file_that_vanishes_too_early_is_refused(lines: list[str]):
    known = RememberedIndex((OLD, MIDDLE, NEW))

    with pytest.raises(ReplayedError, match="gone too early"):
        advance_index(known, lines)


def test_an_old_file_may_not_vanish_from_the_middle():
    known = RememberedIndex((line(20), EXPIRED, NEW))

    with pytest.raises(ReplayedError, match="middle"):
        advance_index(known, [line(20), NEW])


def test_after_a_long_absence_all_files_may_be_new():
    known = RememberedIndex((line(40), line(30)))

    assert advance_index(known, [OLD, NEW]).lines == (OLD, NEW)


def test_after_a_long_absence_an_older_index_is_still_refused():
    known = RememberedIndex((line(30), EXPIRED))

    with pytest.raises(ReplayedError, match="newest file is older"):
        advance_index(known, [line(16)])


def test_an_index_that_ran_empty_does_not_make_it_forget_the_newest():
    emptied = advance_index(RememberedIndex((line(30), EXPIRED)), [])

    assert emptied == RememberedIndex((EXPIRED,))
    with pytest.raises(ReplayedError):
        advance_index(emptied, [line(30)])


def test_an_authority_may_begin_with_an_empty_index():
    assert advance_index(RememberedIndex(), []) == RememberedIndex()


def test_names_without_times_may_vanish_oldest_first_only():
    known = RememberedIndex(("a.zip", "b.zip", "c.zip"))

    assert advance_index(known, ["b.zip", "c.zip"])
    with pytest.raises(ReplayedError):
        advance_index(known, ["a.zip", "c.zip"])


FAR_FUTURE = "9999999990-9999999999-00001.zip"


@pytest.mark.parametrize("invented", [FAR_FUTURE, line(0.5), line(7), "zzz.zip"])
def test_a_line_that_was_never_proved_does_not_block_honest_indexes(invented: str):
    poisoned = advance_index(RememberedIndex((OLD, NEW)), [OLD, NEW, invented])

    healed = advance_index(poisoned, [OLD, NEW], proven=(OLD, NEW))

    assert healed.lines == (OLD, NEW)


def test_a_true_file_under_a_name_of_the_future_does_not_block_honest_indexes():
    poisoned = advance_index(RememberedIndex((OLD,)), [OLD, FAR_FUTURE])

    assert FAR_FUTURE not in poisoned.lines
    assert advance_index(poisoned, [OLD, NEW], proven=(OLD, FAR_FUTURE))


def test_an_older_index_is_refused_also_when_the_proofs_are_forgotten():
    known = RememberedIndex((line(30), EXPIRED))

    with pytest.raises(ReplayedError, match="newest file is older"):
        advance_index(known, [line(16)], proven=())


def test_a_name_with_a_folder_before_it_tells_its_time_too():
    known = RememberedIndex((f"vn/{MIDDLE}",))

    with pytest.raises(ReplayedError):
        advance_index(known, [f"vn/{NEW}"])


EXPORT = SimpleNamespace(start_s=1_000, end_s=2_000)


@pytest.mark.parametrize(
    "name",
    ["1000-2000-00001.zip", "vn/1000-2000-00003.zip", "1000-1998-00002.zip", "a.zip"],
)
def test_a_name_with_the_signed_times_or_with_none_is_believed(name: str):
    check_name(name, EXPORT)


@pytest.mark.parametrize(
    "name",
    [
        "1000-2001-00001.zip",
        "1001-2000-00001.zip",
        "1000-1998-00001.zip",
        "vn/1000-9999999999-00001.zip",
    ],
)
def test_a_name_with_the_times_of_another_is_refused(name: str):
    with pytest.raises(ReplayedError, match="time of another"):
        check_name(name, EXPORT)
