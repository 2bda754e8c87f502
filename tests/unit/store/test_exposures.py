from dataclasses import replace
from hashlib import sha256

import pytest

from proximity.errors import StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.store.exposures import (
    Exposure,
    delete_exposures,
    find_exposures,
    put_exposure,
    read_exposures,
)
from proximity.store.sealing import SealingKey

KEY = sha256(b"key").digest()
EXPOSURE = Exposure(
    export_digest=sha256(b"export").digest(),
    key_digest=KEY,
    report_type=ReportType.SELF_REPORT,
    day=18_000,
    windows=b'[{"day": "2019-04-14"}]',
)


def test_an_exposure_comes_back(store, sealing):
    put_exposure(store, sealing, EXPOSURE)

    assert read_exposures(store, sealing, 18_000) == [EXPOSURE]
    assert read_exposures(store, sealing, 18_001) == []


def test_exposures_are_read_oldest_first(store, sealing):
    for day in (18_003, 18_001, 18_002):
        key = sha256(bytes([day % 256])).digest()
        put_exposure(store, sealing, replace(EXPOSURE, key_digest=key, day=day))

    read = read_exposures(store, sealing, 0)
    assert [each.day for each in read] == [18_001, 18_002, 18_003]


def test_a_second_exposure_to_the_key_of_an_export_replaces_the_first(store, sealing):
    put_exposure(store, sealing, EXPOSURE)
    confirmed = replace(EXPOSURE, report_type=ReportType.CONFIRMED_TEST, windows=b"[]")
    put_exposure(store, sealing, confirmed)

    assert read_exposures(store, sealing, 0) == [confirmed]


def test_a_key_is_found_whichever_export_it_came_in(store, sealing):
    other = replace(EXPOSURE, export_digest=sha256(b"other").digest())
    stranger = replace(EXPOSURE, key_digest=sha256(b"stranger").digest())
    for exposure in (EXPOSURE, other, stranger):
        put_exposure(store, sealing, exposure)

    assert len(find_exposures(store, sealing, KEY)) == 2


def test_exposures_to_a_revoked_key_are_deleted(store, sealing):
    put_exposure(store, sealing, EXPOSURE)

    assert delete_exposures(store, sealing, KEY) == 1
    assert delete_exposures(store, sealing, KEY) == 0
    assert read_exposures(store, sealing, 0) == []


def test_the_disk_tells_neither_the_key_nor_the_windows(store, sealing):
    put_exposure(store, sealing, EXPOSURE)

    row = b"".join(
        each
        for each in store.execute("SELECT * FROM exposures").fetchone()
        if isinstance(each, bytes)
    )
    for secret in (EXPOSURE.export_digest, KEY, b"2019-04-14"):
        assert secret not in row


def test_an_exposure_is_shy():
    assert repr(EXPOSURE) == (
        "Exposure(report_type=<ReportType.SELF_REPORT: 3>, day=18000)"
    )


def test_a_row_whose_day_was_changed_does_not_open(store, sealing):
    put_exposure(store, sealing, EXPOSURE)
    store.execute("UPDATE exposures SET day = day + 1")

    with pytest.raises(StoreError):
        read_exposures(store, sealing, 0)


def test_another_key_does_not_open(store, sealing):
    put_exposure(store, sealing, EXPOSURE)

    with pytest.raises(StoreError):
        read_exposures(store, SealingKey(bytes(32)), 0)


@pytest.mark.parametrize("field", ["export_digest", "key_digest"])
def test_a_digest_of_another_length_is_a_mistake(store, sealing, field):
    with pytest.raises(ValueError, match="32 bytes"):
        put_exposure(store, sealing, replace(EXPOSURE, **{field: b"short"}))
