"""One round of imports from an authority that may be broken, or worse."""

import pytest
from sqlalchemy import func, select

from proximity.authority.database import reading
from proximity.authority.imports import job
from proximity.authority.imports.job import import_exports
from proximity.authority.imports.model import imported_files
from proximity.authority.imports.sources import (
    new_source,
    remember_source,
    stored_sources,
)
from proximity.authority.publish.worker import work
from proximity.authority.upload.model import exposures
from proximity.protocol.export_columns import empty_keys


@pytest.fixture
def run(authority, other, source):
    def once():
        (report,) = import_exports(authority, other)
        return report

    return once


def errors(report) -> dict[str, str]:
    return {each.name: type(each.error).__name__ for each in report.failed}


def count(authority, table) -> int:
    with reading(authority.engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_keys_are_taken_once_and_go_out_once(
    authority, other, run, make_keys, *, yesterday
):
    other.publish(make_keys(3, yesterday))
    other.publish(make_keys(2, yesterday))

    first, again = run(), run()

    assert (first.files, first.keys, first.failed) == (2, 5, ())
    assert (again.files, again.keys) == (0, 0)
    assert work(authority).keys == 5
    run()
    assert work(authority).batches == 0


def test_a_file_is_asked_for_until_it_is_done(other, run, make_keys, yesterday):
    name = other.publish(make_keys(1, yesterday))
    content = other.files.pop(name)
    other.index = name.encode()
    assert errors(run()) == {name: "NetworkError"}

    other.files[name] = content
    assert run().keys == 1
    asked = len(other.asked)
    run()
    assert other.asked[asked:] == ["https://health.example.la/exports/index.txt"]


def test_a_bad_file_does_not_hold_up_the_others(other, run, make_keys, yesterday):
    cut = other.publish(make_keys(100, yesterday), end_s=other.now_s - 3_000)
    other.files[cut] = other.files[cut][:1_000]
    foreign = other.publish(
        make_keys(1, yesterday), end_s=other.now_s - 2_000, region="KH"
    )
    changed = other.publish(make_keys(1, yesterday), end_s=other.now_s - 1_000)
    half = len(other.files[changed]) // 2
    flipped = bytes([other.files[changed][half] ^ 1])
    other.files[changed] = (
        other.files[changed][:half] + flipped + other.files[changed][half + 1 :]
    )
    other.publish(make_keys(4, yesterday))

    report = run()

    assert (report.files, report.keys) == (1, 4)
    assert set(errors(report)) == {cut, foreign, changed}
    assert errors(report)[foreign] == "PolicyError"


def test_a_file_of_a_forger_is_not_taken(
    authority, other, run, make_keys, *, yesterday
):
    other.private = type(other)(other.now_s).private
    name = other.publish(make_keys(3, yesterday))

    assert errors(run()) == {name: "BadSignatureError"}
    assert count(authority, exposures) == count(authority, imported_files) == 0


@pytest.mark.parametrize(
    "index", [b"\xff", b"../keys/v1.pem", b"b\na", b"a" * (2 << 20)]
)
def test_an_index_that_is_none_is_named(authority, other, run, index):
    other.index = index

    assert set(errors(run())) == {"index.txt"}
    assert count(authority, exposures) == 0


def test_an_index_that_steps_back_is_refused(other, run, make_keys, yesterday):
    old = other.publish(make_keys(1, yesterday), end_s=other.now_s - 86_400)
    other.publish(make_keys(1, yesterday))
    run()
    other.index = old.encode()

    assert errors(run()) == {"index.txt": "ReplayedError"}
    other.index = None
    assert run().failed == ()


def test_a_true_file_under_another_name_is_not_taken_again(
    authority, other, run, make_keys, *, yesterday
):
    name = other.publish(make_keys(2, yesterday))
    run()
    later = f"{other.now_s}-{other.now_s + 600}-00001.zip"
    other.files[later] = other.files[name]

    assert errors(run()) == {later: "ReplayedError"}
    assert count(authority, exposures) == 2


def test_a_run_takes_so_many_files_and_the_next_goes_on(
    other, run, make_keys, monkeypatch, *, yesterday
):
    monkeypatch.setattr(job, "MAX_FILES_PER_RUN", 2)
    for _ in range(3):
        other.publish(make_keys(1, yesterday))

    assert (run().files, run().files, run().files) == (2, 1, 0)


def test_a_run_that_dies_in_a_file_is_done_again(
    authority, other, run, make_keys, *, monkeypatch
):
    monkeypatch.setattr(job, "_BLOCK", 2)
    yesterday = (authority.now_s // 86_400 - 1) * 144
    other.publish(make_keys(5, yesterday))
    real, calls = job.store_imported, []

    def die_at_the_second(*given, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(job, "store_imported", die_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert count(authority, exposures) == 2

    assert run().files == 1
    assert count(authority, exposures) == 5


def test_one_authority_that_is_away_is_not_anothers_trouble(
    authority, other, source, make_keys, *, yesterday
):
    away = new_source("KH", "https://away.example/", other.public_keys, own="VN")
    with authority.engine.begin() as connection:
        remember_source(connection, away)
    other.publish(make_keys(1, yesterday))

    kh, la = import_exports(authority, other)

    assert (kh.region, errors(kh)) == ("KH", {"index.txt": "NetworkError"})
    assert (la.region, la.keys) == ("LA", 1)
    assert len(stored_sources(authority.engine)[1].remembered.lines) == 1


def test_what_is_done_is_forgotten_in_time(authority, other, run, clock):
    other.publish(empty_keys(0), end_s=other.now_s)
    run()
    assert count(authority, imported_files) == 1
    clock.now_s += 31 * 86_400
    other.files.clear()

    run()
    assert count(authority, imported_files) == 0
