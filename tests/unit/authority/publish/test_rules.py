"""What is accepted, what goes out, and what hides it."""

import numpy as np
import pytest

from proximity.authority.publish.model import AuthorityState, WaitingKey, key_digest
from proximity.authority.publish.rules import (
    EMBARGO_S,
    accept_key,
    check_upload,
    is_released,
    is_stale,
    key_columns,
    pad_keys,
)
from proximity.errors import InvalidUploadError
from proximity.protocol.diagnosis_key import NO_ONSET, ReportType
from proximity.protocol.key_file import UploadedKey

DAY = 18_400
NOW_S = DAY * 86_400 + 7_000
KEY = bytes(range(16))


def key(n: int = 0, day: int = DAY - 1, **changes: object) -> UploadedKey:
    fields = {"key": bytes([n]) * 16, "start_interval": day * 144, **changes}
    return UploadedKey(**fields)  # type: ignore[arg-type]


def test_fourteen_whole_days_are_accepted():
    check_upload([key(n, DAY - n) for n in range(1, 15)], now_s=NOW_S)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": b"short"},
        {"period": 0},
        {"period": 145},
        {"start_interval": -144},
        {"start_interval": NOW_S // 600 + 1},
        {"day": DAY - 16},
        {"days_since_onset": 15},
        {"days_since_onset": -15},
        {"transmission_risk": 9},
        {"report_type": ReportType.UNKNOWN},
        {"report_type": ReportType.RECURSIVE},
    ],
)
def test_a_key_outside_the_rules_is_refused_by_its_number(changes: dict[str, object]):
    with pytest.raises(InvalidUploadError, match="entry 2"):
        check_upload([key(1, DAY - 3), key(2, **changes)], now_s=NOW_S)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [0, 31])
def test_a_file_holds_one_to_thirty_keys(count: int):
    with pytest.raises(InvalidUploadError):
        check_upload([key(n) for n in range(count)], now_s=NOW_S)


def test_three_keys_may_have_one_start_a_fourth_not():
    check_upload([key(n) for n in range(3)], now_s=NOW_S)

    with pytest.raises(InvalidUploadError, match="one start"):
        check_upload([key(n) for n in range(4)], now_s=NOW_S)


def test_the_same_key_twice_is_refused():
    with pytest.raises(InvalidUploadError, match="twice"):
        check_upload([key(1, DAY - 1), key(1, DAY - 2)], now_s=NOW_S)


def test_keys_that_overlap_with_another_start_are_refused():
    overlapping = key(2, start_interval=(DAY - 1) * 144 - 1)

    with pytest.raises(InvalidUploadError, match="entry 1 overlaps"):
        check_upload([key(1), overlapping], now_s=NOW_S)


def test_a_longer_key_of_an_earlier_start_overlaps_too():
    first = (DAY - 3) * 144
    keys = [
        key(1, start_interval=first, period=144),
        key(2, start_interval=first, period=10),
        key(3, start_interval=first + 100, period=10),
    ]

    with pytest.raises(InvalidUploadError, match="entry 3 overlaps"):
        check_upload(keys, now_s=NOW_S)


def test_an_accepted_key_waits():
    state = AuthorityState("VN")

    assert accept_key(state, key(1), 1)
    assert state.waiting == {key_digest(key(1).key): WaitingKey(key(1), revised=False)}


def test_the_same_key_again_changes_nothing():
    state = AuthorityState("VN")
    accept_key(state, key(1), 1)

    assert not accept_key(state, key(1), 1)
    assert len(state.waiting) == 1


@pytest.mark.parametrize("changes", [{"period": 100}, {"day": DAY - 2}])
def test_a_known_key_with_another_validity_is_refused(changes: dict[str, object]):
    state = AuthorityState("VN")
    accept_key(state, key(1), 1)

    with pytest.raises(InvalidUploadError, match="entry 4 is known with another"):
        accept_key(state, key(1, **changes), 4)  # type: ignore[arg-type]


def published(report_type: ReportType) -> AuthorityState:
    state = AuthorityState("VN")
    accept_key(state, key(1, report_type=report_type), 1)
    state.waiting.clear()
    return state


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ReportType.SELF_REPORT, ReportType.CONFIRMED_TEST),
        (ReportType.SELF_REPORT, ReportType.CONFIRMED_CLINICAL_DIAGNOSIS),
        (ReportType.CONFIRMED_CLINICAL_DIAGNOSIS, ReportType.CONFIRMED_TEST),
        (ReportType.CONFIRMED_TEST, ReportType.REVOKED),
        (ReportType.SELF_REPORT, ReportType.REVOKED),
    ],
)
def test_a_published_key_with_a_new_report_goes_out_revised(
    before: ReportType, after: ReportType
):
    state = published(before)
    changed = key(1, report_type=after)

    accept_key(state, changed, 1)

    assert list(state.waiting.values()) == [WaitingKey(changed, revised=True)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ReportType.CONFIRMED_TEST, ReportType.SELF_REPORT),
        (ReportType.CONFIRMED_TEST, ReportType.CONFIRMED_CLINICAL_DIAGNOSIS),
    ],
)
def test_a_report_does_not_become_weaker(before: ReportType, after: ReportType):
    state = published(before)

    with pytest.raises(InvalidUploadError, match="cannot become"):
        accept_key(state, key(1, report_type=after), 1)


def test_a_revoked_key_stays_revoked():
    state = published(ReportType.CONFIRMED_TEST)
    accept_key(state, key(1, report_type=ReportType.REVOKED), 1)

    with pytest.raises(InvalidUploadError, match="cannot become"):
        accept_key(state, key(1), 1)


def test_a_waiting_key_that_is_revoked_is_never_published():
    state = AuthorityState("VN")
    accept_key(state, key(1), 1)

    accept_key(state, key(1, report_type=ReportType.REVOKED), 1)

    assert state.waiting == {}


def test_an_unknown_key_cannot_be_revoked():
    with pytest.raises(InvalidUploadError, match="not published"):
        accept_key(AuthorityState("VN"), key(1, report_type=ReportType.REVOKED), 1)


def test_a_key_is_held_back_until_two_hours_after_its_end():
    waiting = WaitingKey(key(1), revised=False)
    released_s = DAY * 86_400 + EMBARGO_S

    assert not is_released(waiting, released_s - 1)
    assert is_released(waiting, released_s)


def test_a_revised_key_is_not_held_back():
    assert is_released(WaitingKey(key(1), revised=True), 0)


def test_a_key_is_stale_fourteen_days_after_its_end():
    assert not is_stale((DAY - 14) * 144, DAY * 86_400)
    assert is_stale((DAY - 14) * 144, DAY * 86_400 + 1)


def test_columns_hold_the_fields_in_order():
    columns = key_columns([key(9, days_since_onset=2), key(3), key(200)])

    assert columns.key[:, 0].tolist() == [9, 3, 200]
    assert columns.days_since_onset.tolist() == [2, NO_ONSET, NO_ONSET]


def entropy(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


def test_a_small_batch_is_padded_to_the_minimum_and_up_to_a_tenth_more():
    padded = pad_keys(key_columns([key(1), key(2, DAY - 2)]), 1_000, entropy)

    assert 1_000 <= len(padded.key) <= 1_100
    assert len(np.unique(padded.key, axis=0)) == len(padded.key)


def test_padding_takes_its_fields_from_real_keys():
    real = [key(100, days_since_onset=1), key(200, DAY - 5, period=60)]

    padded = pad_keys(key_columns(real), 50, entropy)

    rows = zip(
        padded.start_interval.tolist(),
        padded.period.tolist(),
        padded.days_since_onset.tolist(),
        strict=True,
    )
    assert set(rows) == {
        ((DAY - 1) * 144, 144, 1),
        ((DAY - 5) * 144, 60, NO_ONSET),
    }
    assert padded.key[:2, 0].tolist() == [100, 200]


def test_a_batch_over_the_minimum_is_not_padded():
    assert len(pad_keys(key_columns([key(1), key(2)]), 1, entropy).key) == 2


def test_no_keys_stay_no_keys():
    assert len(pad_keys(key_columns([]), 1_000, entropy).key) == 0
