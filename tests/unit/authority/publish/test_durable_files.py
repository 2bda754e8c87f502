"""Files are there whole or not at all."""

import os
from pathlib import Path

import pytest

from proximity.authority.publish.durable_files import (
    make_folder,
    move_whole,
    sole_writer,
    write_whole,
)
from proximity.errors import LockedError, StoreError


def test_a_file_is_replaced_with_the_mode_asked_for(tmp_path: Path):
    path = tmp_path / "state"
    write_whole(path, b"old", mode=0o600)

    write_whole(path, b"new", mode=0o444)

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o444
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "state"
    write_whole(path, b"old", mode=0o600)

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            write_whole(path, b"new", mode=0o600)

    assert path.read_bytes() == b"old"
    write_whole(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"


def test_a_file_moves_as_a_whole(tmp_path: Path):
    make_folder(tmp_path / "a" / "b", private=False)
    write_whole(tmp_path / "file", b"x", mode=0o644)

    move_whole(tmp_path / "file", tmp_path / "a" / "b" / "file")

    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"x"
    assert not (tmp_path / "file").exists()


def test_a_private_folder_is_for_its_owner(tmp_path: Path):
    make_folder(tmp_path / "keys", private=True)

    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_a_second_writer_is_refused(tmp_path: Path):
    with sole_writer(tmp_path), pytest.raises(LockedError), sole_writer(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError), sole_writer(tmp_path / "file" / "data"):
        pass


def test_after_the_first_writer_comes_the_next(tmp_path: Path):
    for _ in range(2):
        with sole_writer(tmp_path):
            pass
