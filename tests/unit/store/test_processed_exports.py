from dataclasses import replace

import pytest

from proximity.store.connection import transaction
from proximity.store.processed_exports import (
    ProcessedExport,
    list_processed,
    mark_processed,
    recall_index,
    remember_index,
)
from proximity.store.state import read_state, write_state

EXPORT = ProcessedExport(bytes(32), "1-2-00001.zip", 1_000, "matched")


def test_an_export_is_processed_once_whatever_its_name(store):
    assert mark_processed(store, EXPORT)
    assert not mark_processed(store, EXPORT)
    assert not mark_processed(store, replace(EXPORT, name="again.zip", processed_ms=2))

    assert list_processed(store) == [EXPORT]


def test_what_an_export_brought_is_undone_with_its_mark(store):
    def fail():
        with transaction(store):
            mark_processed(store, EXPORT)
            write_state(store, "brought", b"x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert read_state(store, "brought") is None
    assert mark_processed(store, EXPORT)


def test_exports_are_listed_oldest_first(store):
    for number, processed_ms in ((1, 30), (2, 10), (3, 20)):
        mark_processed(
            store,
            replace(EXPORT, digest=bytes([number]) * 32, processed_ms=processed_ms),
        )

    assert [export.processed_ms for export in list_processed(store)] == [10, 20, 30]


def test_an_index_is_recalled_in_its_order(store):
    remember_index(store, "http://one/", ["b.zip", "a.zip", "c.zip"])
    remember_index(store, "http://two/", ["x.zip"])
    remember_index(store, "http://one/", ["c.zip", "d.zip"])

    assert recall_index(store, "http://one/") == ("c.zip", "d.zip")
    assert recall_index(store, "http://two/") == ("x.zip",)
    assert recall_index(store, "http://three/") == ()
