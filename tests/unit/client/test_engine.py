"""The straight line, from a sighting to what a person is told."""

import gc
import weakref

import pytest

from proximity.client import engine
from proximity.client.engine import EngineSettings
from proximity.client.notification import NotificationKind
from proximity.client.own_broadcast import Form
from proximity.errors import (
    NetworkError,
)
from proximity.matching.candidates import EncounterIndex
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.scheme import recognise
from proximity.scoring.config import built_in
from proximity.store.own_keys import list_keys
from proximity.store.retention import forget_before

DAY_S = 86_400
TUESDAY = 20_774
CASE, STRANGER = bytes(range(16)), bytes(range(16, 32))


def told(device) -> list[tuple[str, int]]:
    return [
        (notice.notification.kind.value, notice.notification.day)
        for notice in device.engine.notices()
    ]


def statuses(device) -> list[str]:
    return [outcome.status for outcome in device.engine.update()]


def test_who_was_near_a_case_is_told_how_long_and_when(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE), diagnosis_key(STRANGER))

    outcomes = device.engine.update()

    assert [outcome.status for outcome in outcomes] == ["matched"]
    (notice,) = device.engine.notices()
    assert notice.notification.kind is NotificationKind.EXPOSED
    assert notice.notification.day == TUESDAY
    # The first scan has none before it and counts as two minutes.
    assert notice.notification.minutes == 25


def test_who_was_not_near_a_case_is_told_nothing(device, authority, diagnosis_key):
    device.meet(STRANGER, 23)
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["no-match"]
    assert told(device) == []


def test_a_faint_signal_is_a_match_but_no_alert(device, authority, diagnosis_key):
    device.meet(CASE, 23, rssi_dbm=-99)
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["matched"]
    assert told(device) == []
    assert device.engine.windows() != []


def test_each_export_is_processed_exactly_once(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["matched"]
    windows = device.engine.windows()
    assert statuses(device) == []
    assert device.engine.windows() == windows
    assert len(told(device)) == 1


def test_what_was_heard_is_arranged_once_for_all_exports(
    device, authority, diagnosis_key, monkeypatch
):
    made = []

    class Counted(EncounterIndex):
        def __init__(self, *args, **options):
            made.append(self)
            super().__init__(*args, **options)

    monkeypatch.setattr(engine, "EncounterIndex", Counted)
    device.meet(STRANGER, 23)
    for nobody in (b"\1" * 16, b"\2" * 16):
        authority.publish(diagnosis_key(nobody))
    assert statuses(device) == ["no-match", "no-match"]
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["matched"]
    assert len(made) == 1


def test_what_is_forgotten_is_not_kept_in_memory(device, authority, diagnosis_key):
    device.meet(STRANGER, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    index = weakref.ref(device.engine._index)

    device.engine.forget()
    gc.collect()

    assert index() is None


def test_an_export_that_is_repeated_under_another_name_counts_once(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    name = authority.publish(diagnosis_key(CASE))
    authority.files[name.replace("00001", "00002")] = authority.files[name]

    assert statuses(device) == ["matched", "repeated"]
    assert len(told(device)) == 1


def test_a_key_that_comes_in_two_exports_counts_once(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    windows = device.engine.windows()
    authority.publish(diagnosis_key(CASE), diagnosis_key(STRANGER))

    device.engine.update()

    assert device.engine.windows() == windows


def test_a_run_survives_a_restart(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    device.restart()
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    device.restart()

    assert told(device) == [("exposed", TUESDAY)]
    assert statuses(device) == []


def test_a_notice_is_shown_until_it_was_told_and_never_again(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    (notice,) = device.engine.notices()
    device.engine.told(notice)
    device.restart()
    device.engine.update()

    assert told(device) == []


def test_a_kill_between_matching_and_deciding_loses_no_notice(
    device, authority, diagnosis_key, monkeypatch
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))

    def killed() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(device.engine, "decide", killed)
    with pytest.raises(KeyboardInterrupt):
        device.engine.update()
    device.restart()

    assert statuses(device) == []
    assert told(device) == [("exposed", TUESDAY)]


def test_a_revoked_key_withdraws_what_was_told(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    (notice,) = device.engine.notices()
    device.engine.told(notice)
    revoked = diagnosis_key(CASE, report_type=ReportType.REVOKED)
    authority.publish(diagnosis_key(STRANGER), revised=(revoked,))

    device.engine.update()

    assert told(device) == [("withdrawn", TUESDAY)]
    assert device.engine.windows() == []


def test_what_is_revoked_before_anyone_saw_it_is_never_shown(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    revoked = diagnosis_key(CASE, report_type=ReportType.REVOKED)
    authority.publish(diagnosis_key(STRANGER), revised=(revoked,))

    device.engine.update()

    assert told(device) == []


def test_a_revocation_holds_also_if_it_arrives_before_the_key(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    first = authority.publish(diagnosis_key(CASE))
    authority.unreachable.add(first)
    revoked = diagnosis_key(CASE, report_type=ReportType.REVOKED)
    authority.publish(diagnosis_key(STRANGER), revised=(revoked,))
    assert statuses(device) == ["refused", "no-match"]
    authority.unreachable.clear()

    device.engine.update()

    assert device.engine.windows() == []
    assert told(device) == []


@pytest.mark.parametrize("first_comes_first", [True, False])
def test_a_self_report_that_is_confirmed_counts_as_confirmed(
    device, authority, diagnosis_key, first_comes_first
):
    device.meet(CASE, 23)
    said = authority.publish(diagnosis_key(CASE, report_type=ReportType.SELF_REPORT))
    confirmed = authority.publish(revised=(diagnosis_key(CASE),))
    late = confirmed if first_comes_first else said
    authority.unreachable.add(late)
    device.engine.update()
    authority.unreachable.clear()

    device.engine.update()

    types = {window.report_type for window in device.engine.windows()}
    assert types == {ReportType.CONFIRMED_TEST}


def test_exports_in_any_order_lead_to_the_same_decision(
    make_device, authority, diagnosis_key
):
    monday = diagnosis_key(STRANGER, day=TUESDAY - 1)
    exports = [
        authority.publish(diagnosis_key(CASE)),
        authority.publish(monday, end_s=TUESDAY * DAY_S + 7_800),
    ]
    decisions = []
    for late in (*exports, None):
        device = make_device(f"without-{late}")
        device.meet(STRANGER, 30, day=TUESDAY - 1)
        device.meet(CASE, 23)
        authority.unreachable = {late} if late else set()
        device.engine.update()
        authority.unreachable = set()
        device.engine.update()
        decision = device.engine.decide()
        decisions.append((decision.days, decision.digest))

    assert decisions[0] == decisions[1] == decisions[2]
    assert [day.day for day in decisions[0][0]] == [TUESDAY - 1, TUESDAY]


def test_an_older_exposure_that_is_learnt_of_later_is_told_too(
    device, authority, diagnosis_key
):
    device.meet(STRANGER, 30, day=TUESDAY - 1)
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    authority.publish(diagnosis_key(STRANGER, day=TUESDAY - 1))
    device.engine.update()

    assert told(device) == [("exposed", TUESDAY), ("exposed", TUESDAY - 1)]


def test_without_a_network_nothing_is_lost(device, authority, diagnosis_key):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    authority.unreachable.add("index.txt")
    with pytest.raises(NetworkError):
        device.engine.update()
    authority.unreachable.clear()

    assert statuses(device) == ["matched"]


def test_what_was_heard_while_the_clock_was_set_back_is_no_evidence(
    device, authority, diagnosis_key
):
    device.meet(STRANGER, 30)
    # Somebody sets the clock back by a day and sends IDs that are public by now.
    device.meet(CASE, 30, day=TUESDAY - 1)
    authority.publish(diagnosis_key(CASE, day=TUESDAY - 1))

    assert statuses(device) == ["no-match"]
    assert told(device) == []


def test_ones_own_keys_are_no_exposure(device, authority, diagnosis_key):
    device.now_s = TUESDAY * DAY_S
    advertised = recognise(device.engine.advertisement(Form(-20)))
    assert advertised is not None
    (own,) = list_keys(device.connection, device.sealing)
    device.now_s = (TUESDAY + 1) * DAY_S + 8_000
    device.meet(own.key, 23)
    authority.publish(diagnosis_key(own.key))

    assert statuses(device) == ["no-match"]
    assert device.engine.windows() == []


def test_an_export_that_comes_after_retention_is_not_called_no_match(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    device.now_s = (TUESDAY + 20) * DAY_S
    device.engine.forget()
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["beyond-retention"]
    assert told(device) == []


def test_what_is_older_than_the_retention_is_forgotten(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    device.now_s = (TUESDAY + 15) * DAY_S

    forgotten = device.engine.forget()

    assert forgotten.encounters > 0
    assert forgotten.exposures == 1
    assert device.engine.windows() == []


def test_the_decision_pins_the_configuration_that_made_it(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()

    decision = device.engine.decide()

    assert decision.rule == "en-v2"
    assert decision.version >= 1
    assert len(decision.digest) == 64


def test_a_retention_shorter_than_the_look_back_is_the_callers_mistake():
    with pytest.raises(ValueError, match="looks back 14 days"):
        EngineSettings("", (), built_in("en-v2"), retention_days=13)


def test_what_a_person_forgets_is_not_told_as_withdrawn(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    authority.publish(diagnosis_key(CASE))
    device.engine.update()
    (notice,) = device.engine.notices()
    device.engine.told(notice)
    # As `proximity forget --days 2`, three days later.
    device.now_s = (TUESDAY + 3) * DAY_S
    forget_before(device.connection, TUESDAY + 1)
    device.engine.decide()

    assert told(device) == []


def test_a_late_export_of_days_that_a_person_forgot_is_not_called_no_match(
    device, authority, diagnosis_key
):
    device.meet(CASE, 23)
    device.now_s = (TUESDAY + 3) * DAY_S
    forget_before(device.connection, TUESDAY + 2)
    authority.publish(diagnosis_key(CASE))

    assert statuses(device) == ["beyond-retention"]
