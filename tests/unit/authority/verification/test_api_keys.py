"""Keys of the API."""

import pytest
from sqlalchemy import select, update

from proximity.authority.api_error import ApiError
from proximity.authority.database import reading
from proximity.authority.verification.api_keys import check_api_key
from proximity.authority.verification.model import ApiKeyKind, api_keys


def test_a_key_opens_its_own_door_only(authority, founded):
    keys = {
        ApiKeyKind.DEVICE: founded.device_key,
        ApiKeyKind.ADMIN: founded.admin_key,
        ApiKeyKind.STATS: founded.stats_key,
    }
    for kind, key in keys.items():
        check_api_key(authority.engine, key, kind)
        for other in set(keys) - {kind}:
            with pytest.raises(ApiError) as caught:
                check_api_key(authority.engine, key, other)
            assert (caught.value.status, caught.value.code) == (401, "unauthorized")


@pytest.mark.parametrize("key", [None, "", "guess", "é", "x" * 300])
def test_what_is_no_key_opens_nothing(authority, key):
    with pytest.raises(ApiError):
        check_api_key(authority.engine, key, ApiKeyKind.DEVICE)


def test_a_revoked_key_opens_nothing(authority, founded):
    with authority.engine.begin() as connection:
        connection.execute(update(api_keys).values(revoked=True))

    with pytest.raises(ApiError):
        check_api_key(authority.engine, founded.device_key, ApiKeyKind.DEVICE)


def test_keys_are_stored_as_digests(authority, founded):
    with reading(authority.engine) as connection:
        digests = connection.execute(select(api_keys.c.digest)).scalars().all()

    assert founded.device_key.encode() not in b"".join(digests)
    assert {len(each) for each in digests} == {32}
