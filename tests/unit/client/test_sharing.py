"""What may be shared: found on the device, shown by day, no more than asked."""

import pytest

from proximity.client.sharing import (
    Asked,
    list_shared_days,
    plan_case,
    plan_contact,
)
from proximity.errors import NothingStoredError
from proximity.protocol.gaen import (
    TemporaryExposureKey,
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sharing import Address, tag_id
from proximity.protocol.sighting import Sighting
from proximity.store.own_keys import add_key, end_key, list_keys
from proximity.store.scans import Scan, record_scan
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey
from proximity.store.sightings import SightingLog

DAY = 20_774
NOW_S = (DAY + 2) * 86_400 + 36_000
CASE = TemporaryExposureKey(b"\x01" * 16, DAY * 144)
STRANGER = b"\x09" * 16
OWN = b"\x02" * 16
SEALING = SealingKey(bytes(32))
ADDRESS = Address("org.proximity", "ABC", bytes(16))
SALT = b"\x07" * 16
AT_S = DAY * 86_400 + 36_000


@pytest.fixture
def store(tmp_path):
    """Return the store of a device that met the case for 15 minutes, and a stranger."""
    connection = open_store(tmp_path / "store.sqlite")
    for day in range(DAY - 1, DAY + 3):
        add_key(connection, SEALING, OWN[:-1] + bytes([day % 256]), day * 144)
    log = SightingLog(connection)
    for key in (CASE.key, STRANGER):
        ids = derive_ephemeral_ids(key, DAY * 144)
        for t_s in range(AT_S, AT_S + 900, 30):
            ephemeral_id = ids[(t_s - DAY * 86_400) // 600].tobytes()
            metadata = encrypt_metadata(key, ephemeral_id, encode_metadata(-20))
            for ms, rssi_dbm in ((100, -70), (600, -60)):
                log.record(
                    Sighting(t_s * 1_000 + ms, rssi_dbm, "gaen", ephemeral_id, metadata)
                )
    log.flush(AT_S * 1_000 + 3_000_000)
    for t_s in range(AT_S - 3_600, AT_S + 3_600, 300):
        record_scan(connection, Scan(t_s * 1_000, (t_s + 4) * 1_000, "test"))
    yield connection
    connection.close()


def asked(kind: str = "contact", **changes) -> Asked:
    given = {"days": range(DAY, DAY + 1), "keys": (CASE,)} | changes
    return Asked(kind, ADDRESS, SALT, **given)


def contact(store, *, warn: bool = False, **changes):
    return plan_contact(store, SEALING, asked(**changes), warn=warn, now_s=NOW_S)


def test_a_contact_shares_what_it_heard_of_the_case_and_of_nobody_else(store):
    package = contact(store).package
    ids = {row.tobytes() for row in derive_ephemeral_ids(CASE.key, DAY * 144)}

    assert {row.ephemeral_id for row in package.heard} < ids
    assert sum(len(row.t_s) for row in package.heard) == 30
    # Of two sightings in one second the stronger one.
    assert {rssi for row in package.heard for rssi in row.rssi_dbm} == {-60}


def test_a_contact_names_the_ids_it_sent_then_and_no_others(store):
    own = derive_ephemeral_ids(OWN[:-1] + bytes([DAY % 256]), DAY * 144)
    package = contact(store).package

    assert [each.ephemeral_id for each in package.sent] == [
        own[60].tobytes(),
        own[61].tobytes(),
    ]
    assert [each.to_s - each.from_s for each in package.sent] == [600, 600]
    assert package.recursive == ()


def test_scans_that_were_not_near_stay(store):
    scans = contact(store).package.scans

    assert len(scans) == 5
    assert all(abs(start - AT_S * 1_000) <= 1_200_000 for start, _ in scans)


def test_the_key_that_was_on_the_air_is_named_after_it_was_ended(store):
    (today,) = [k for k in list_keys(store, SEALING) if k.start_interval == DAY * 144]
    end_key(store, today, 70)
    add_key(store, SEALING, b"\x0a" * 16, DAY * 144)
    ended = derive_ephemeral_ids(today.key, DAY * 144)

    assert contact(store).package.sent[0].ephemeral_id == ended[60].tobytes()


def test_own_contacts_are_warned_only_where_the_person_would(store):
    days = range(DAY + 1, DAY + 3)
    silent = contact(store, recursive=days)
    warning = contact(store, recursive=days, warn=True)

    assert silent.package.recursive == ()
    keys = warning.package.recursive
    assert [key.start_interval for key in keys] == [(DAY + 1) * 144, (DAY + 2) * 144]
    # Today's key is ended for it: none is handed out that is still in use.
    assert keys[-1].period == 60
    assert [each.period for each in warning.report.in_use] == [144]


def test_who_heard_nothing_of_the_case_has_nothing_to_share(store):
    other = TemporaryExposureKey(b"\x0b" * 16, DAY * 144)

    for changes in ({"keys": (other,)}, {"keys": ()}, {"days": range(1, 2)}):
        with pytest.raises(NothingStoredError):
            contact(store, **changes)


def test_an_id_that_was_replayed_later_is_no_sighting_of_the_case(store):
    early = TemporaryExposureKey(CASE.key, (DAY - 1) * 144)

    with pytest.raises(NothingStoredError):
        contact(store, keys=(early,))


def test_a_case_shares_keys_and_tags_of_the_days_it_chose(store):
    days = range(DAY, DAY + 2)
    plan = plan_case(store, SEALING, asked("case", keys=()), days, now_s=NOW_S)

    assert [k.start_interval for k in plan.package.keys] == [
        DAY * 144,
        (DAY + 1) * 144,
    ]
    ids = derive_ephemeral_ids(STRANGER, DAY * 144)
    tags = {each.tag for each in plan.package.heard}
    assert tag_id(SALT, ids[60].tobytes()) in tags
    assert len(tags) == 4
    assert {each.count for each in plan.package.heard} == {40, 20}
    assert not any(row.tobytes() in tags for row in ids)


def test_what_would_leave_is_told_by_day(store):
    plan = plan_case(
        store, SEALING, asked("case", keys=()), range(DAY - 1, DAY + 1), now_s=NOW_S
    )
    days = list_shared_days(plan)
    assert [(d.day, d.keys, d.heard) for d in days] == [(DAY - 1, 1, 0), (DAY, 1, 4)]

    plan = contact(store, recursive=range(DAY + 1, DAY + 2), warn=True)
    assert [(d.day, d.heard, d.sent, d.warned) for d in list_shared_days(plan)] == [
        (DAY, 30, 2, 0),
        (DAY + 1, 0, 0, 1),
    ]


def test_a_case_without_keys_of_these_days_has_nothing_to_share(store):
    with pytest.raises(NothingStoredError):
        plan_case(store, SEALING, asked("case"), range(5, 6), now_s=NOW_S)
