"""Keys of another authority beside those that were uploaded here."""

import os

import pytest
from sqlalchemy import select, update

from proximity.authority.database import reading
from proximity.authority.imports.storing import StoredKeys, store_imported
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType

CONFIRMED = ReportType.CONFIRMED_TEST
CLINICAL = ReportType.CONFIRMED_CLINICAL_DIAGNOSIS
REVOKED = ReportType.REVOKED


@pytest.fixture
def key(yesterday) -> AcceptedKey:
    return AcceptedKey(os.urandom(16), yesterday, 144, CLINICAL, 1, 4)


@pytest.fixture
def take(authority):
    def store(*keys: AcceptedKey, region: str = "LA", revised: bool = False):
        with authority.engine.begin() as connection:
            return store_imported(
                connection, keys, region, revised=revised, now_s=authority.now_s
            )

    return store


def row_of(authority):
    with reading(authority.engine) as connection:
        return connection.execute(select(exposures)).one()


def set_batch(authority, number: int) -> None:
    with authority.engine.begin() as connection:
        connection.execute(update(exposures).values(batch=number))


def test_a_new_key_waits_with_its_region_and_its_embargo(authority, take, key):
    assert take(key) == StoredKeys(1, 0)

    row = row_of(authority)
    assert (row.region, row.origin, row.traveler) == ("LA", "import", True)
    assert row.batch is None
    assert row.release_s == (key.start + 144) * 600 + 7_200


def test_a_key_that_is_known_is_not_stored_again(authority, take, key):
    take(key)
    set_batch(authority, 1)

    assert take(key) == take(key, region="KH") == StoredKeys(0, 0)
    assert (row_of(authority).batch, row_of(authority).region) == (1, "LA")


def test_a_change_of_a_waiting_key_goes_out_alone(authority, take, key):
    take(key)

    assert take(key._replace(report_type=CONFIRMED), revised=True) == StoredKeys(0, 1)
    assert (row_of(authority).report_type, row_of(authority).revised_type) == (
        CONFIRMED,
        None,
    )


def test_a_waiting_key_that_is_withdrawn_never_goes_out(authority, take, key):
    take(key)
    take(key._replace(report_type=REVOKED), revised=True)

    assert row_of(authority).batch == 0


def test_a_change_of_a_published_key_goes_out_among_the_revised(authority, take, key):
    take(key)
    set_batch(authority, 1)

    assert take(key._replace(report_type=REVOKED), revised=True) == StoredKeys(0, 1)
    assert (row_of(authority).report_type, row_of(authority).revised_type) == (
        CLINICAL,
        REVOKED,
    )
    # A key changes once.
    assert take(key._replace(report_type=CONFIRMED), revised=True) == StoredKeys(0, 0)


def test_the_end_of_an_unknown_key_is_nothing(authority, take, key):
    revoked = key._replace(report_type=REVOKED)

    assert take(revoked) == take(revoked, revised=True) == StoredKeys(0, 0)


def test_a_change_of_an_unknown_key_is_a_new_key(take, key):
    assert take(key._replace(report_type=CONFIRMED), revised=True) == StoredKeys(1, 0)


def test_nobody_else_can_change_a_key(authority, take, key):
    take(key)
    set_batch(authority, 1)
    revoked = key._replace(report_type=REVOKED)

    assert take(revoked, region="KH", revised=True) == StoredKeys(0, 0)
    assert take(revoked._replace(start=key.start - 1), revised=True).revised == 0
    assert take(revoked) == StoredKeys(0, 0)
    assert row_of(authority).revised_type is None


def test_a_key_that_was_uploaded_here_cannot_be_changed_from_there(
    authority, take, key
):
    one = Upload((key,), False, None, os.urandom(32), authority.now_s + 900)
    with authority.engine.begin() as connection:
        # Also if that authority calls itself as this one does.
        store_uploads(connection, [one], "LA", now_s=authority.now_s)
    set_batch(authority, 1)

    take(key._replace(report_type=REVOKED), revised=True)
    assert row_of(authority).revised_type is None
