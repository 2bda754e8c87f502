"""Keys of contacts go out apart from those of cases."""

import io
import os

import pytest

from proximity.authority.cases.model import recursive_files, recursive_keys
from proximity.authority.publish.recursive import (
    publish_recursive,
    withdraw_recursive,
)
from proximity.authority.publish.worker import work
from proximity.errors import PolicyError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.units import DAY_S


@pytest.fixture
def yesterday(authority) -> int:
    return authority.now_s // DAY_S - 1


@pytest.fixture
def add(authority):
    """Return what stores a key of a contact."""

    def put(day: int, ref: str = "AAAAAAAAAA") -> bytes:
        key = os.urandom(16)
        row = {
            "key": key,
            "ref": ref,
            "start": day * 144,
            "period": 144,
            "onset_days": 1,
            "release_s": (day + 1) * DAY_S + 7_200,
            "revoked": False,
            "forget_s": (day + 15) * DAY_S,
        }
        with authority.engine.begin() as connection:
            connection.execute(recursive_keys.insert().values(row))
        return key

    return put


def published(authority) -> list:
    folder = authority.directory / "exports" / "recursive"
    found = []
    for line in (folder / "index.txt").read_text().split():
        export = open_export(io.BytesIO((folder / line).read_bytes())).unverified()
        found.append(export.read())
    return found


def keys_of(columns) -> set[bytes]:
    return {row.tobytes() for row in columns.key}


def test_keys_of_contacts_go_out_once_and_padded(authority, add, yesterday):
    key = add(yesterday)

    assert publish_recursive(authority) == 1
    ((fresh, revised),) = published(authority)
    assert key in keys_of(fresh)
    assert 20 <= len(fresh.key) <= 22
    assert set(fresh.report_type.tolist()) == {ReportType.RECURSIVE}
    assert len(revised.key) == 0
    assert publish_recursive(authority) == 0


def test_a_key_that_may_still_be_in_use_waits(authority, add, yesterday, clock):
    add(yesterday + 1)

    assert publish_recursive(authority) == 0
    clock.now_s = (yesterday + 2) * DAY_S + 7_200
    assert publish_recursive(authority) == 1


def test_the_worker_keeps_them_out_of_the_exports_of_cases(authority, add, yesterday):
    add(yesterday)
    report = work(authority)

    assert report.keys == 0
    assert (authority.directory / "exports" / "index.txt").read_bytes() == b""
    assert len(published(authority)) == 1


def test_what_was_published_is_taken_back_and_what_was_not_never_goes_out(
    authority, add, yesterday
):
    key, waiting = add(yesterday), add(yesterday + 1)
    publish_recursive(authority)
    with authority.engine.begin() as connection:
        assert withdraw_recursive(connection, ["BBBBBBBBBB"]) == 0
        assert withdraw_recursive(connection, ["AAAAAAAAAA"]) == 2

    publish_recursive(authority)
    revised = published(authority)[-1].revised
    assert keys_of(revised) == {key}
    assert set(revised.report_type.tolist()) == {ReportType.REVOKED}
    with authority.engine.connect() as connection:
        kept = {bytes(r.key) for r in connection.execute(recursive_keys.select())}
    assert waiting not in kept


def test_a_directory_that_was_lost_is_made_whole(authority, add, yesterday):
    key = add(yesterday)
    publish_recursive(authority)
    for path in (authority.directory / "exports" / "recursive").iterdir():
        path.unlink()

    publish_recursive(authority)
    ((fresh, _),) = published(authority)
    assert key in keys_of(fresh)


def test_files_end_after_fourteen_days(authority, add, yesterday, clock):
    add(yesterday)
    publish_recursive(authority)
    clock.now_s += 15 * DAY_S
    publish_recursive(authority)

    folder = authority.directory / "exports" / "recursive"
    assert [path.name for path in folder.iterdir()] == ["index.txt"]
    with authority.engine.connect() as connection:
        assert connection.execute(recursive_files.select()).all() == []


def test_a_clock_that_was_set_back_publishes_nothing(authority, add, yesterday, clock):
    add(yesterday)
    publish_recursive(authority)
    clock.now_s -= DAY_S

    with pytest.raises(PolicyError):
        publish_recursive(authority)
