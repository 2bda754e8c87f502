"""Decisions kept in the store, and what each change of them has a person told."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from proximity.client.notification import Notification, NotificationKind
from proximity.matching.exposure_window import ExposureWindow
from proximity.scoring.config import Configuration
from proximity.scoring.decision import ChangeKind, Decision, change, decide
from proximity.scoring.decision_record import decode_decision, encode_decision
from proximity.scoring.rule import Level
from proximity.store.connection import transaction
from proximity.store.decisions import (
    append_decision,
    last_decision,
    list_decisions,
    pending_notifications,
    withdraw,
)
from proximity.store.sealing import SealingKey

_TOLD = (ChangeKind.RAISED, ChangeKind.WITHDRAWN)


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


def decide_and_store(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    configuration: Configuration,
    windows: Sequence[ExposureWindow],
    *,
    now_ms: int,
    as_of_day: int,
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
    now_ms : int
        Unix milliseconds.
    as_of_day : int
        UTC day number of today.

    Returns
    -------
    Decision

    Raises
    ------
    LockedError, StoreError
        If it cannot be stored.
    """
    days = configuration.rule.daily(windows, as_of_day)
    with transaction(connection):
        stored = last_decision(connection, sealing)
        previous = decode_decision(stored.payload) if stored else None
        decision = decide(days, configuration, as_of_day, previous=previous)
        _withdraw_unseen(connection, sealing, decision, now_ms)
        announced = _announced(connection, sealing)
        told = announced[-1][1] if announced else None
        append_decision(
            connection,
            sealing,
            encode_decision(decision),
            decided_ms=now_ms,
            notify=change(told, decision).kind in _TOLD,
        )
    return decision


def pending_notices(
    connection: sqlite3.Connection, sealing: SealingKey
) -> list[Notice]:
    """Return what a person is still to be told, oldest first.

    Raises
    ------
    LockedError, StoreError
        If the store cannot be read, or was sealed by another key.
    """
    pending = {each.number for each in pending_notifications(connection, sealing)}
    history: list[tuple[int, Decision | None]] = [(0, None)]
    history += _announced(connection, sealing)
    return [
        Notice(number, _notification(before, after))
        for (_, before), (number, after) in pairwise(history)
        if number in pending and after is not None
    ]


def _announced(
    connection: sqlite3.Connection, sealing: SealingKey
) -> list[tuple[int, Decision]]:
    """Return the decisions of which this person was told or is to be, oldest first."""
    return [
        (each.number, decode_decision(each.payload))
        for each in list_decisions(connection, sealing)
        if each.notify and each.withdrawn_ms is None
    ]


def _withdraw_unseen(
    connection: sqlite3.Connection,
    sealing: SealingKey,
    decision: Decision,
    now_ms: int,
) -> None:
    """Take back what nobody saw, all of it, once a part of it holds no longer.

    One notice stands for all days that its decision raised: what else it said is told
    anew, by the comparison with what was seen.
    """
    pending = pending_notices(connection, sealing)
    alerted = {day.day for day in decision.days if day.level is Level.HIGH}
    if all(_holds(notice.notification, alerted) for notice in pending):
        return
    for notice in pending:
        withdraw(connection, notice.number, now_ms)


def _holds(notification: Notification, alerted: set[int]) -> bool:
    is_alert = notification.kind is NotificationKind.EXPOSED
    return is_alert is (notification.day in alerted)


def _notification(before: Decision | None, after: Decision) -> Notification:
    difference = change(before, after)
    day = difference.day if difference.day is not None else after.as_of_day
    if difference.kind is not ChangeKind.RAISED:
        return Notification(NotificationKind.WITHDRAWN, day, 0)
    minutes = {each.day: each.minutes for each in after.days}
    return Notification(NotificationKind.EXPOSED, day, round(minutes[day]))
