"""The state file keeps everything, for its owner alone, and refuses to guess."""

import json
from pathlib import Path

import pytest

from proximity.authority.publish.model import AuthorityState, PublishedFile
from proximity.authority.publish.rules import accept_key
from proximity.authority.publish.state import STATE_FILE, load_state, save_state
from proximity.errors import SchemaVersionError, StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import UploadedKey


def some_state() -> AuthorityState:
    state = AuthorityState("VN", files=[PublishedFile("1-2-00001.zip", 2)], end_s=2)
    accept_key(
        state, UploadedKey(bytes(16), 144, 100, ReportType.SELF_REPORT, -2, 3), 1
    )
    accept_key(state, UploadedKey(b"x" * 16, 288), 2)
    return state


def test_what_is_saved_is_loaded(tmp_path: Path):
    save_state(tmp_path, some_state())

    assert load_state(tmp_path) == some_state()


def test_before_the_first_run_there_is_no_state(tmp_path: Path):
    assert load_state(tmp_path) is None


def test_only_the_owner_reads_the_waiting_keys(tmp_path: Path):
    save_state(tmp_path, some_state())

    assert (tmp_path / STATE_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "region": 7}']
)
def test_a_damaged_state_is_a_store_error(tmp_path: Path, data: bytes):
    (tmp_path / STATE_FILE).write_bytes(data)

    with pytest.raises(StoreError, match="damaged"):
        load_state(tmp_path)


def test_a_damaged_row_is_a_store_error(tmp_path: Path):
    save_state(tmp_path, some_state())
    document = json.loads((tmp_path / STATE_FILE).read_bytes())
    document["known"][0].pop()
    (tmp_path / STATE_FILE).write_text(json.dumps(document))

    with pytest.raises(StoreError, match="damaged"):
        load_state(tmp_path)


def test_a_newer_state_is_refused_by_its_version(tmp_path: Path):
    (tmp_path / STATE_FILE).write_text('{"version": 2}')

    with pytest.raises(SchemaVersionError, match="2"):
        load_state(tmp_path)
