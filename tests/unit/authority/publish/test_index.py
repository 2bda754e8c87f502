"""The index is written last, and never back."""

import pytest
from sqlalchemy import insert

from proximity.authority.publish.batch_model import files
from proximity.authority.publish.index import write_indexes
from proximity.authority.publish.published_store import LocalFolder, Seen
from proximity.errors import LockedError, PolicyError
from proximity.units import DAY_S


@pytest.fixture
def list_files(authority):
    def add(*names: str, age_s: int = 0) -> None:
        rows = [
            {"name": name, "batch": 1, "end_s": authority.now_s - age_s, "data": b"x"}
            for name in names
        ]
        with authority.engine.begin() as connection:
            connection.execute(insert(files), rows)

    return add


@pytest.fixture
def store(tmp_path):
    return LocalFolder(tmp_path / "published")


class Racing(LocalFolder):
    """A folder whose index another worker changes before every write."""

    def __init__(self, folder, meanwhile):
        super().__init__(folder)
        self.meanwhile = list(meanwhile)

    def replace(self, name: str, data: bytes, seen: Seen) -> bool:
        if self.meanwhile:
            self.put(name, self.meanwhile.pop(0)())
            return False
        return super().replace(name, data, seen)


def test_each_folder_has_its_own_index(authority, store, list_files):
    list_files("2-3-00001.zip", "1-2-00001.zip", "LA/1-2-00001.zip")
    write_indexes(authority, store)

    assert store.get("index.txt") == b"1-2-00001.zip\n2-3-00001.zip"
    assert store.get("LA/index.txt") == b"1-2-00001.zip"


def test_what_has_expired_is_not_listed(authority, store, list_files):
    list_files("1-2-00001.zip", age_s=14 * DAY_S)
    list_files("2-3-00001.zip", age_s=14 * DAY_S - 1)
    write_indexes(authority, store)

    assert store.get("index.txt") == b"2-3-00001.zip"


def test_before_the_first_file_there_is_an_empty_index(authority, store):
    write_indexes(authority, store)

    assert store.get("index.txt") == b""


def test_an_index_that_knows_more_is_not_replaced(authority, store, list_files):
    list_files("1-2-00001.zip")
    store.put("index.txt", b"1-2-00001.zip\n2-3-00001.zip")

    with pytest.raises(PolicyError, match="does not know"):
        write_indexes(authority, store)
    assert store.get("index.txt") == b"1-2-00001.zip\n2-3-00001.zip"


def test_what_another_worker_lists_meanwhile_stays_listed(
    authority, tmp_path, list_files
):
    list_files("1-2-00001.zip")

    def other() -> bytes:
        list_files("2-3-00001.zip")
        return b"1-2-00001.zip\n2-3-00001.zip"

    store = Racing(tmp_path / "published", [other])
    write_indexes(authority, store)

    assert store.get("index.txt") == b"1-2-00001.zip\n2-3-00001.zip"


def test_an_index_that_never_rests_is_given_up(authority, tmp_path, list_files):
    list_files("1-2-00001.zip")
    store = Racing(tmp_path / "published", [lambda: b""] * 100)

    with pytest.raises(LockedError):
        write_indexes(authority, store)
