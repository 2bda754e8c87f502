import pytest

from proximity.errors import NothingStoredError, StoreError
from proximity.store.decisions import (
    append_decision,
    last_decision,
    list_decisions,
    mark_shown,
    pending_notifications,
    withdraw,
)
from proximity.store.sealing import SealingKey


@pytest.fixture
def append(store, sealing):
    def append(payload, *, notify=True, decided_ms=1_000):
        return append_decision(
            store, sealing, payload, decided_ms=decided_ms, notify=notify
        )

    return append


def test_a_decision_comes_back(store, sealing, append):
    number = append(b"alert")

    stored = last_decision(store, sealing)
    assert (stored.number, stored.payload, stored.notify) == (number, b"alert", True)
    assert stored.shown_ms is None
    assert stored.withdrawn_ms is None


def test_before_the_first_there_is_none(store, sealing):
    assert last_decision(store, sealing) is None
    assert pending_notifications(store, sealing) == []


def test_only_a_change_is_stored(store, sealing, append):
    assert append(b"none", notify=False) is not None
    assert append(b"none", notify=False, decided_ms=2_000) is None
    assert append(b"alert") is not None
    assert append(b"none", notify=False) is not None

    payloads = [each.payload for each in list_decisions(store, sealing)]
    assert payloads == [b"none", b"alert", b"none"]


def test_a_notification_is_pending_until_it_was_shown(store, sealing, append):
    append(b"none", notify=False)
    number = append(b"alert")

    assert [each.number for each in pending_notifications(store, sealing)] == [number]
    mark_shown(store, number, 2_000)
    mark_shown(store, number, 3_000)
    assert pending_notifications(store, sealing) == []
    assert last_decision(store, sealing).shown_ms == 2_000


def test_a_withdrawn_notification_is_never_shown(store, sealing, append):
    number = append(b"alert")
    withdraw(store, number, 2_000)

    assert pending_notifications(store, sealing) == []
    assert last_decision(store, sealing).withdrawn_ms == 2_000


@pytest.mark.parametrize("mark", [mark_shown, withdraw])
def test_a_decision_that_is_not_there_is_named(store, mark):
    with pytest.raises(NothingStoredError):
        mark(store, 7, 0)


def test_decisions_are_sealed_to_their_row(store, sealing, append):
    append(b"alert")
    append(b"other")
    ((sealed,), _) = store.execute("SELECT sealed FROM decisions ORDER BY id")

    assert b"alert" not in sealed
    assert "alert" not in repr(last_decision(store, sealing))
    store.execute("UPDATE decisions SET sealed = ? WHERE id = 2", (sealed,))
    with pytest.raises(StoreError):
        last_decision(store, sealing)


def test_another_key_does_not_open(store, append):
    append(b"alert")

    with pytest.raises(StoreError):
        last_decision(store, SealingKey(bytes(32)))
