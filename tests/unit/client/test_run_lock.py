from pathlib import Path

import pytest

from proximity.client.run_lock import LOCK_FILE, only_run
from proximity.errors import LockedError, StoreError


def test_a_second_run_of_a_home_is_refused(tmp_path: Path):
    with only_run(tmp_path), pytest.raises(LockedError) as caught, only_run(tmp_path):
        pytest.fail("two runs at once")

    assert "--home" in caught.value.hint


def test_the_next_run_may_start_when_the_first_has_ended(tmp_path: Path):
    with only_run(tmp_path):
        pass

    with only_run(tmp_path):
        pass


def test_another_home_is_free(tmp_path: Path):
    with only_run(tmp_path / "a"), only_run(tmp_path / "b"):
        pass


def test_a_damaged_lock_is_named(tmp_path: Path):
    (tmp_path / LOCK_FILE).write_bytes(b"no database" * 100)

    with pytest.raises(StoreError), only_run(tmp_path):
        pytest.fail("it is not locked")


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StoreError), only_run(tmp_path / "file" / "home"):
        pytest.fail("there is no folder")
