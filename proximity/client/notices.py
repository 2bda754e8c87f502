"""Decisions kept in the store, and what each change of them has a person told."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from proximity.client.notification import Notification, NotificationKind
from proximity.matching.exposure_window import ExposureWindow
from proximity.scoring.config import Configuration
from proximity.scoring.decision import ChangeKind, Decision, change, decide
from proximity.scoring.decision_record import decode_decision, encode_decision
from proximity.scoring.rule import Level
from proximity.store.connection import transaction
from proximity.store.decisions import (
    Subject,
    append_decision,
    last_decision,
    list_decisions,
    pending_notifications,
    withdraw,
)
from proximity.store.retention import EARLIEST_DAY
from proximity.store.sealing import SealingKey
from proximity.store.state import read_number


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that waits in the store.

    Attributes
    ----------
    number : int
        Of its decision.
    notification : Notification
    """

    number: int
    notification: Notification


class Moment(NamedTuple):
    """Now: Unix milliseconds, and the UTC day number of today."""

    now_ms: int
    day: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What a person was told, or is about to be: a decision, and the days named."""

    decision: Decision | None = None
    days: frozenset[int] = frozenset()


def decide_and_store(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    configuration: Configuration,
    windows: Sequence[ExposureWindow],
    *,
    now: Moment,
    subject: Subject = Subject.CASE,
) -> Decision:
    """Decide from all windows; a change is stored once, however often this is called.

    An alert that is withdrawn before anyone saw it is never shown, and neither is
    its withdrawal. A change is measured against what this person was told or is about
    to be told, so that no alert is lost with a notice that nobody saw.

    Parameters
    ----------
    connection : sqlite3.Connection
    sealing : SealingKey
    configuration : Configuration
    windows : sequence of ExposureWindow
        Of this person.
    now : Moment
    subject : Subject
        Whom the windows are about; decisions on contacts are apart from those on cases.

    Returns
    -------
    Decision

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    days = configuration.rule.daily(windows, now.day)
    with transaction(connection):
        stored = last_decision(connection, sealing, subject)
        previous = decode_decision(stored.payload) if stored else None
        decision = decide(days, configuration, now.day, previous=previous)
        _withdraw_unseen(connection, sealing, decision, now.now_ms, subject=subject)
        kept_from = _kept_from(connection)
        told = _Told()
        for _, earlier in _announced(connection, sealing, subject):
            told = _after(told, earlier, kept_from)
        append_decision(
            connection,
            sealing,
            encode_decision(decision),
            decided_ms=now.now_ms,
            notify=_news(told, decision, kept_from) is not None,
            subject=subject,
        )
    return decision


def pending_notices(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    subject: Subject = Subject.CASE,
) -> list[Notice]:
    """Return what a person is still to be told, oldest first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    pending = {
        each.number for each in pending_notifications(connection, sealing, subject)
    }
    kept_from = _kept_from(connection)
    notices = []
    told = _Told()
    for number, decision in _announced(connection, sealing, subject):
        news = _news(told, decision, kept_from)
        if news is not None and number in pending:
            notices.append(Notice(number, _about(subject, news)))
        told = _after(told, decision, kept_from)
    return notices


def _kept_from(connection: sqlite3.Connection) -> int:
    """Return the first UTC day that was not forgotten on purpose."""
    return read_number(connection, EARLIEST_DAY) or 0


def _announced(
    connection: sqlite3.Connection, sealing: SealingKey, subject: Subject
) -> list[tuple[int, Decision]]:
    """Return the decisions of which this person was told or is to be, oldest first."""
    return [
        (each.number, decode_decision(each.payload))
        for each in list_decisions(connection, sealing, subject)
        if each.notify and each.withdrawn_ms is None
    ]


def _withdraw_unseen(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    decision: Decision,
    now_ms: int,
    *,
    subject: Subject,
) -> None:
    """Take back what nobody saw, all of it, once a part of it holds no longer.

    One notice stands for all days that its decision raised: what else it said is told
    anew, by the comparison with what was seen.
    """
    pending = pending_notices(connection, sealing, subject)
    alerted = _alert_days(decision)
    if all(_holds(notice.notification, alerted) for notice in pending):
        return
    for notice in pending:
        withdraw(connection, notice.number, now_ms)


def _holds(notification: Notification, alerted: frozenset[int]) -> bool:
    is_alert = notification.kind is not NotificationKind.WITHDRAWN
    return is_alert is (notification.day in alerted)


def _news(told: _Told, decision: Decision, kept_from: int) -> Notification | None:
    """Return what a person is to be told of a decision, beside what was told before."""
    difference = change(told.decision, decision)
    if difference.kind is ChangeKind.RAISED and difference.day is not None:
        return _exposed(decision, difference.day)
    if difference.kind is ChangeKind.WITHDRAWN:
        # Of days that rose together one was named; no other has a notice to withdraw.
        alerted = _alert_days(decision)
        # And what this person forgot, nobody has withdrawn.
        oldest = max(decision.as_of_day - decision.look_back_days, kept_from)
        fallen = {day for day in told.days - alerted if day >= oldest}
        if fallen and alerted and not told.days & alerted:
            # An alert stands on a day that was never named: it must not end so.
            return _exposed(decision, max(alerted))
        if fallen:
            return Notification(NotificationKind.WITHDRAWN, max(fallen), 0)
    return None


def _about(subject: Subject, news: Notification) -> Notification:
    if subject is Subject.CASE or news.kind is NotificationKind.WITHDRAWN:
        return news
    return replace(news, kind=NotificationKind.EXPOSED_TO_CONTACT)


def _exposed(decision: Decision, day: int) -> Notification:
    minutes = {each.day: each.minutes for each in decision.days}[day]
    return Notification(NotificationKind.EXPOSED, day, round(minutes))


def _after(told: _Told, decision: Decision, kept_from: int) -> _Told:
    """Add a decision to what was told."""
    news = _news(told, decision, kept_from)
    days = told.days & _alert_days(decision)
    if news is not None and news.kind is NotificationKind.EXPOSED:
        days |= {news.day}
    return _Told(decision, days)


def _alert_days(decision: Decision) -> frozenset[int]:
    return frozenset(day.day for day in decision.days if day.level is Level.HIGH)
