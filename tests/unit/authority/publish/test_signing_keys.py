"""Signing keys are made on demand, rotated with an overlap, and pinned."""

import os
from pathlib import Path

import pytest

from proximity.authority.publish.rules import RETENTION_S
from proximity.authority.publish.signing_keys import (
    OVERLAP_S,
    PUBLIC_KEYS_FILE,
    ensure_signers,
    published_keys,
    rotate_signing_keys,
)
from proximity.errors import NothingStoredError, PolicyError, StoreError
from proximity.protocol.signature import load_public_key
from proximity.units import DAY_S

NOW_S = 1_600_000_000


@pytest.fixture(autouse=True)
def _memory_is_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without syncing: what survives a crash is tested by killing processes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def versions(directory: Path, now_s: int) -> list[str]:
    return [s.key_version for s in ensure_signers(directory, "VN", now_s=now_s)]


def pinned(directory: Path) -> list[str | None]:
    return [key.verification_key.key_version for key in published_keys(directory)]


def test_the_first_use_makes_a_key_and_the_second_takes_it(tmp_path: Path):
    (first,) = ensure_signers(tmp_path, "VN", now_s=NOW_S)
    (second,) = ensure_signers(tmp_path, "VN", now_s=NOW_S + DAY_S)

    assert (first.key_id, first.key_version) == ("VN", "v1")
    assert first.private_key.private_numbers() == second.private_key.private_numbers()


def test_only_the_owner_reads_a_private_key(tmp_path: Path):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)

    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "v1.pem").stat().st_mode & 0o777 == 0o600


def test_what_is_pinned_is_the_public_half(tmp_path: Path):
    (signer,) = ensure_signers(tmp_path, "VN", now_s=NOW_S)

    (key,) = published_keys(tmp_path)

    public = load_public_key((tmp_path / "public_keys" / "v1.pem").read_bytes())
    expected = signer.private_key.public_key().public_numbers()
    assert key.verification_key.public_key.public_numbers() == expected
    assert public.public_numbers() == expected


def test_after_a_rotation_both_keys_sign_until_the_overlap_is_over(tmp_path: Path):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)

    keys = rotate_signing_keys(tmp_path, now_s=NOW_S)

    assert [key.until_s for key in keys] == [NOW_S + OVERLAP_S, None]
    assert versions(tmp_path, NOW_S) == ["v1", "v2"]
    assert versions(tmp_path, NOW_S + OVERLAP_S - 1) == ["v1", "v2"]
    assert versions(tmp_path, NOW_S + OVERLAP_S) == ["v2"]


def test_an_old_key_is_deleted_but_pinned_while_its_files_are_served(tmp_path: Path):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)
    rotate_signing_keys(tmp_path, now_s=NOW_S)
    over_s = NOW_S + OVERLAP_S

    versions(tmp_path, over_s)
    assert not (tmp_path / "keys" / "v1.pem").exists()
    assert pinned(tmp_path) == ["v1", "v2"]

    versions(tmp_path, over_s + RETENTION_S)
    assert pinned(tmp_path) == ["v2"]
    assert not (tmp_path / "public_keys" / "v1.pem").exists()


def test_a_rotation_that_was_interrupted_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)
    with monkeypatch.context() as patch:
        patch.setattr(
            "proximity.authority.publish.signing_keys._save",
            lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )
        with pytest.raises(KeyboardInterrupt):
            rotate_signing_keys(tmp_path, now_s=NOW_S)

    assert pinned(tmp_path) == ["v1"]
    rotate_signing_keys(tmp_path, now_s=NOW_S)
    assert versions(tmp_path, NOW_S) == ["v1", "v2"]


def test_without_a_first_key_there_is_nothing_to_rotate(tmp_path: Path):
    with pytest.raises(NothingStoredError):
        rotate_signing_keys(tmp_path / "missing", now_s=NOW_S)


def test_more_keys_than_clients_can_list_are_refused(tmp_path: Path):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)
    for _ in range(15):
        rotate_signing_keys(tmp_path, now_s=NOW_S)

    with pytest.raises(PolicyError):
        rotate_signing_keys(tmp_path, now_s=NOW_S)
    assert len(pinned(tmp_path)) == 16


def test_a_lost_private_key_is_not_silently_replaced(tmp_path: Path):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)
    (tmp_path / "keys" / "v1.pem").unlink()

    with pytest.raises(StoreError, match=r"v1\.pem"):
        ensure_signers(tmp_path, "VN", now_s=NOW_S)


@pytest.mark.parametrize("change", [("{", "["), ('"v1"', '"../v1"')])
def test_a_damaged_list_is_a_store_error(tmp_path: Path, change: tuple[str, str]):
    ensure_signers(tmp_path, "VN", now_s=NOW_S)
    path = tmp_path / PUBLIC_KEYS_FILE
    path.write_text(path.read_text().replace(*change))

    with pytest.raises(StoreError, match="damaged"):
        published_keys(tmp_path)
