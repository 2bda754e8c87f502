"""One notification for each change of decision, stored before it is shown."""

import pytest

from proximity.client.notices import Moment, decide_and_store, pending_notices
from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import built_in
from proximity.store.decisions import list_decisions, mark_shown

TUESDAY = 20_774


def near(minutes: int, day: int = TUESDAY) -> ExposureWindow:
    """Near a confirmed case, one scan a minute at 50 dB."""
    start_s = day * 86_400 + 72_000
    scans = tuple(ScanInstance(start_s + 60 * i, 50, 50, 60) for i in range(minutes))
    return ExposureWindow(
        day=day,
        key_index=0,
        report_type=ReportType.CONFIRMED_TEST,
        infectiousness=Infectiousness.HIGH,
        calibration_confidence=CalibrationConfidence.LOWEST,
        transmission_risk=0,
        tx_power_dbm=-20,
        scans=scans,
        series=(),
    )


@pytest.fixture
def decide(device):
    def run(*windows: ExposureWindow, today: int = TUESDAY + 1) -> list[tuple]:
        decide_and_store(
            device.connection,
            device.sealing,
            built_in("en-v2"),
            windows,
            now=Moment(today * 86_400_000, today),
        )
        return pending(device)

    return run


def pending(device) -> list[tuple]:
    return [
        (n.notification.kind.value, n.notification.day, n.notification.minutes)
        for n in pending_notices(device.connection, device.sealing)
    ]


def show_all(device) -> None:
    for notice in pending_notices(device.connection, device.sealing):
        mark_shown(device.connection, notice.number, 1)


def test_nothing_is_told_without_an_alert(decide):
    assert decide() == []
    assert decide(near(5)) == []


def test_the_same_windows_again_tell_nothing_more(device, decide):
    assert decide(near(20)) == [("exposed", TUESDAY, 20)]
    assert decide(near(20)) == [("exposed", TUESDAY, 20)]
    assert len(list_decisions(device.connection, device.sealing)) == 1


def test_more_minutes_on_the_same_day_are_no_second_notice(device, decide):
    decide(near(20))
    show_all(device)

    assert decide(near(25)) == []


def test_every_day_with_an_alert_is_told_once(device, decide):
    decide(near(20))
    show_all(device)

    assert decide(near(20), near(17, TUESDAY + 1)) == [("exposed", TUESDAY + 1, 17)]


def test_an_alert_that_no_longer_holds_is_withdrawn(device, decide):
    decide(near(20))
    show_all(device)

    assert decide() == [("withdrawn", TUESDAY, 0)]


def test_an_unseen_alert_that_no_longer_holds_is_never_shown(decide):
    decide(near(20))

    assert decide() == []


def test_an_unseen_alert_stays_when_another_day_comes(decide):
    decide(near(20))

    assert decide(near(20), near(20, TUESDAY + 1)) == [
        ("exposed", TUESDAY, 20),
        ("exposed", TUESDAY + 1, 20),
    ]


def test_an_alert_that_has_become_old_ends_in_silence(device, decide):
    decide(near(20))
    show_all(device)

    assert decide(near(20), today=TUESDAY + 15) == []


def test_a_day_behind_an_unseen_notice_that_fell_is_told_itself(decide):
    assert decide(near(20), near(20, TUESDAY + 1)) == [("exposed", TUESDAY + 1, 20)]

    assert decide(near(20)) == [("exposed", TUESDAY, 20)]


def test_a_seen_alert_is_withdrawn_also_when_it_falls_with_an_unseen_one(
    device, decide
):
    decide(near(20))
    show_all(device)
    decide(near(20), near(20, TUESDAY + 1))

    assert decide() == [("withdrawn", TUESDAY, 0)]


def test_of_two_unseen_alerts_only_the_one_that_holds_is_shown(device, decide):
    decide(near(20))
    decide(near(20), near(20, TUESDAY + 1))

    assert decide(near(20, TUESDAY + 1)) == [("exposed", TUESDAY + 1, 20)]
    assert decide(near(20, TUESDAY + 1)) == [("exposed", TUESDAY + 1, 20)]
    show_all(device)
    assert decide(near(20, TUESDAY + 1)) == []


def test_an_unseen_withdrawal_is_never_shown_once_the_alert_holds_again(device, decide):
    decide(near(20))
    show_all(device)
    decide()

    assert decide(near(20)) == []


def test_a_withdrawal_is_told_once_whatever_day_it_is(device, decide):
    decide(near(20))
    show_all(device)
    decide()

    assert decide(today=TUESDAY + 2) == [("withdrawn", TUESDAY, 0)]
    show_all(device)
    assert decide(today=TUESDAY + 3) == []


def test_no_notice_is_withdrawn_for_a_day_that_had_none(device, decide):
    decide(near(20), near(20, TUESDAY + 1))
    show_all(device)

    assert decide(near(20, TUESDAY + 1)) == []


def test_a_day_that_was_named_is_withdrawn_also_behind_a_newer_one_that_was_not(
    device, decide
):
    decide(near(20, TUESDAY - 1))
    show_all(device)
    others = near(20), near(20, TUESDAY + 1)
    decide(near(20, TUESDAY - 1), *others)
    show_all(device)

    assert decide(others[1]) == [("withdrawn", TUESDAY - 1, 0)]


def test_when_the_named_day_falls_one_that_stands_is_named_in_its_place(device, decide):
    decide(near(20), near(20, TUESDAY + 1))
    show_all(device)

    assert decide(near(20)) == [("exposed", TUESDAY, 20)]
    show_all(device)
    assert decide() == [("withdrawn", TUESDAY, 0)]
