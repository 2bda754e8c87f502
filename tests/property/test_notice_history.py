"""Whatever rises, falls and is seen when: what a person was told is never false."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.client.notices import Moment, decide_and_store, pending_notices
from proximity.client.notification import NotificationKind
from proximity.matching.exposure_window import (
    ExposureWindow,
    Infectiousness,
    ScanInstance,
)
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import built_in
from proximity.store.decisions import mark_shown
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

TODAY = 20_776
DAYS = range(TODAY - 3, TODAY + 1)
RULE = built_in("en-v2")


def alerted(day: int) -> ExposureWindow:
    """Twenty minutes near a confirmed case."""
    start_s = day * 86_400 + 72_000
    return ExposureWindow(
        day=day,
        key_index=0,
        report_type=ReportType.CONFIRMED_TEST,
        infectiousness=Infectiousness.HIGH,
        calibration_confidence=CalibrationConfidence.LOWEST,
        transmission_risk=0,
        tx_power_dbm=-20,
        scans=tuple(ScanInstance(start_s + 60 * i, 50, 50, 60) for i in range(20)),
        series=(),
    )


# The days with an alert after an update, and whether its notices are seen at once.
STEPS = st.lists(st.tuples(st.sets(st.sampled_from(DAYS)), st.booleans()), max_size=6)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(STEPS)
def test_a_person_knows_of_a_standing_alert_and_of_no_other(
    steps: list[tuple[set[int], bool]],
):
    known: set[int] = set()
    sealing = SealingKey(bytes(32))
    with tempfile.TemporaryDirectory() as folder:
        connection = open_store(Path(folder) / "store.sqlite")
        for now_ms, (days, is_seen) in enumerate(steps):
            decide_and_store(
                connection,
                sealing,
                RULE,
                [alerted(day) for day in days],
                now=Moment(now_ms, TODAY),
            )
            notices = pending_notices(connection, sealing)
            would_know = set(known)
            for notice in notices:
                told = notice.notification
                is_alert = told.kind is NotificationKind.EXPOSED
                assert is_alert is (told.day in days)
                assert is_alert or told.day in known
                (would_know.add if is_alert else would_know.discard)(told.day)
            assert bool(days) is bool(would_know & days)
            # One notification for each change: that for the newest day ends them all.
            assert days or not known or would_know < known
            would_know = would_know if days else set()
            if is_seen:
                known = would_know
                for notice in notices:
                    mark_shown(connection, notice.number, now_ms)
        connection.close()
