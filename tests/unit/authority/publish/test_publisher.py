"""One run of publication: what is in the directory afterwards."""

import os
from pathlib import Path

import numpy as np
import pytest

from proximity.authority.publish.durable_files import sole_writer
from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import PublishReport, publish
from proximity.authority.publish.rules import RETENTION_S
from proximity.authority.publish.signing_keys import (
    published_keys,
    rotate_signing_keys,
)
from proximity.authority.publish.state import load_state
from proximity.errors import InvalidUploadError, LockedError, PolicyError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import Export, open_export
from proximity.protocol.export_index import parse_index
from proximity.protocol.key_file import KeyFile, UploadedKey

DAY = 18_400
MIDNIGHT_S = DAY * 86_400
# Ten minutes past the embargo of yesterday's keys.
NOW_S = MIDNIGHT_S + 7_800
NO_PADDING = PublishSettings(minimum=0)


@pytest.fixture(autouse=True)
def _memory_is_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without syncing: what survives a crash is tested by killing processes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def entropy(count: int) -> bytes:
    return np.random.default_rng(count).bytes(count)


def key(n: int, day: int = DAY - 1, **changes: object) -> UploadedKey:
    fields = {"key": bytes([n]) * 16, "start_interval": day * 144, **changes}
    return UploadedKey(**fields)  # type: ignore[arg-type]


def run(
    directory: Path,
    *keys: UploadedKey,
    settings: PublishSettings = NO_PADDING,
    now_s: int = NOW_S,
) -> PublishReport:
    uploads = [KeyFile(keys)] if keys else []
    return publish(directory, uploads, settings, now_s=now_s, entropy=entropy)


def index_of(directory: Path) -> tuple[str, ...]:
    return parse_index((directory / "exports" / "index.txt").read_bytes())


def verified(directory: Path, name: str) -> Export:
    pins = [key.verification_key for key in published_keys(directory)]
    return open_export(directory / "exports" / name).verify(pins)


def first_bytes(directory: Path, name: str, *, revised: bool = False) -> list[int]:
    read = verified(directory, name).read()
    return (read.revised if revised else read.keys).key[:, 0].tolist()


def test_keys_go_out_signed_sorted_and_listed(tmp_path: Path):
    report = run(tmp_path, key(9), key(3, DAY - 2), key(200, DAY - 3))

    (name,) = report.files
    assert name == f"{NOW_S - 86_400}-{NOW_S}-00001.zip"
    assert index_of(tmp_path) == report.files
    assert first_bytes(tmp_path, name) == [3, 9, 200]
    export = verified(tmp_path, name)
    assert (export.region, export.end_s) == ("VN", NOW_S)
    assert (report.keys, report.padding, report.held_back) == (3, 0, 0)


def test_padding_is_not_counted_as_keys(tmp_path: Path):
    report = run(tmp_path, key(1), settings=PublishSettings(minimum=100))

    assert report.keys == 1
    assert 99 <= report.padding <= 109
    assert verified(tmp_path, report.files[0]).key_count == 1 + report.padding


def test_a_key_that_may_still_be_in_use_waits_for_a_later_run(tmp_path: Path):
    today = key(1, DAY)

    first = run(tmp_path, today)
    assert (first.files, first.held_back) == ((), 1)
    assert index_of(tmp_path) == ()

    tomorrow_s = MIDNIGHT_S + 86_400 + 7_200
    assert run(tmp_path, now_s=tomorrow_s - 1).files == ()
    second = run(tmp_path, now_s=tomorrow_s)
    assert (second.keys, second.held_back) == (1, 0)


def test_no_key_in_a_file_is_valid_two_hours_before_its_end(tmp_path: Path):
    report = run(tmp_path, *(key(n, DAY - n) for n in range(10)))

    for name in report.files:
        export = verified(tmp_path, name)
        keys = export.read().keys
        ends_s = (keys.start_interval + keys.period) * 600
        assert (ends_s + 7_200 <= export.end_s).all()


def test_the_same_file_again_publishes_nothing_again(tmp_path: Path):
    run(tmp_path, key(1))

    again = run(tmp_path, key(1), now_s=NOW_S + 3_600)

    assert (again.files, again.keys, again.repeated) == ((), 0, 1)


def test_a_revoked_key_goes_out_among_the_revised_without_padding(tmp_path: Path):
    settings = PublishSettings(minimum=50)
    run(tmp_path, key(1), settings=settings)

    report = run(tmp_path, key(1, report_type=ReportType.REVOKED), settings=settings)

    (name,) = report.files
    assert (report.keys, report.revised, report.padding) == (0, 1, 0)
    assert first_bytes(tmp_path, name) == []
    assert first_bytes(tmp_path, name, revised=True) == [1]


def test_a_file_can_be_revoked_when_its_first_days_are_over(tmp_path: Path):
    days = (DAY - 1, DAY - 14)
    run(tmp_path, *(key(n, day) for n, day in enumerate(days)))

    revoked = [
        key(n, day, report_type=ReportType.REVOKED) for n, day in enumerate(days)
    ]
    report = run(tmp_path, *revoked, now_s=NOW_S + 5 * 86_400)

    assert report.revised == 1
    assert first_bytes(tmp_path, report.files[0], revised=True) == [0]


def test_two_batches_in_one_interval_have_two_names_in_order(tmp_path: Path):
    first = run(tmp_path, key(1))
    second = run(tmp_path, key(2), now_s=NOW_S + 1)

    assert index_of(tmp_path) == (*first.files, *second.files)
    starts = [verified(tmp_path, name).start_s for name in index_of(tmp_path)]
    ends = [verified(tmp_path, name).end_s for name in index_of(tmp_path)]
    assert starts[1] == ends[0] < ends[1]


def test_too_many_keys_become_files_of_nearly_one_size(tmp_path: Path):
    keys = [key(n, DAY - 1 - n % 13) for n in range(1, 26)]
    settings = PublishSettings(minimum=0, max_keys=10)

    report = run(tmp_path, *keys, settings=settings)

    sizes = [verified(tmp_path, name).key_count for name in report.files]
    assert sizes == [8, 8, 9]
    published = [n for name in report.files for n in first_bytes(tmp_path, name)]
    assert published == list(range(1, 26))
    assert len({verified(tmp_path, name).end_s for name in report.files}) == 3


def test_one_bad_entry_leaves_all_files_of_the_run_out(tmp_path: Path):
    files = [KeyFile((key(1),)), KeyFile((key(2), key(3, period=0)))]

    with pytest.raises(InvalidUploadError, match="Key file 2 of 2: entry 2"):
        publish(tmp_path, files, NO_PADDING, now_s=NOW_S, entropy=entropy)

    assert run(tmp_path, key(1)).repeated == 0


def test_a_file_of_another_region_is_refused(tmp_path: Path):
    file = KeyFile((key(1),), "US")

    with pytest.raises(InvalidUploadError, match="US"):
        publish(tmp_path, [file], NO_PADDING, now_s=NOW_S, entropy=entropy)


def test_a_directory_keeps_its_region(tmp_path: Path):
    run(tmp_path, key(1))

    with pytest.raises(PolicyError, match="VN, not US"):
        run(tmp_path, settings=PublishSettings(region="US"))


def test_a_clock_behind_the_last_batch_is_refused(tmp_path: Path):
    run(tmp_path, key(1))

    with pytest.raises(PolicyError, match="clock") as refused:
        run(tmp_path, now_s=NOW_S - 3_600)

    # The clock that was wrong may be that of the run before.
    assert "docs/howto/publish.md" in refused.value.hint


def test_after_fourteen_days_a_file_leaves_index_and_directory(tmp_path: Path):
    (first,) = run(tmp_path, key(1)).files
    later_s = NOW_S + RETENTION_S
    run(tmp_path, now_s=later_s - 1)
    assert index_of(tmp_path) == (first,)

    (second,) = run(tmp_path, key(2, DAY + 13), now_s=later_s).files

    assert index_of(tmp_path) == (second,)
    assert [p.name for p in (tmp_path / "exports").glob("*.zip")] == [second]


def test_a_digest_is_forgotten_when_its_key_is_too_old_to_be_handed_in(tmp_path: Path):
    run(tmp_path, key(1, DAY - 2), key(2, DAY - 1))

    run(tmp_path, now_s=MIDNIGHT_S + RETENTION_S)

    state = load_state(tmp_path)
    assert state is not None
    assert [known.start_interval for known in state.known.values()] == [(DAY - 1) * 144]


def test_a_published_file_is_never_written_again(tmp_path: Path):
    (name,) = run(tmp_path, key(1)).files
    path = tmp_path / "exports" / name
    before = path.stat()

    run(tmp_path, key(2), now_s=NOW_S + 3_600)

    assert path.stat() == before
    assert before.st_mode & 0o777 == 0o444


def test_either_key_of_a_rotation_verifies_a_file(tmp_path: Path):
    run(tmp_path, key(1))
    rotate_signing_keys(tmp_path, now_s=NOW_S)

    (name,) = run(tmp_path, key(2), now_s=NOW_S + 3_600).files

    signed = open_export(tmp_path / "exports" / name)
    for pinned in published_keys(tmp_path):
        assert signed.verify([pinned.verification_key]).key_count == 1


def test_two_processes_never_build_one_batch(tmp_path: Path):
    with sole_writer(tmp_path), pytest.raises(LockedError):
        run(tmp_path, key(1))


def test_the_published_folder_holds_nothing_but_exports_and_index(tmp_path: Path):
    run(tmp_path, key(1), key(2, DAY))

    names = {path.suffix for path in (tmp_path / "exports").iterdir()}
    assert names == {".zip", ".txt"}
