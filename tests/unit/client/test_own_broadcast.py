"""What a device advertises of itself."""

import itertools

from proximity.client.own_broadcast import advertisement_at, key_at
from proximity.protocol.gaen import decode_metadata, decrypt_metadata
from proximity.protocol.scheme import recognise
from proximity.store.own_keys import end_key, list_keys

NOON_S = 20_774 * 86_400 + 43_200


def entropy():
    counter = itertools.count(1)
    return lambda size: bytes([next(counter)]) * size


def sent(device, t_s: float, source):
    data = advertisement_at(
        device.connection, device.sealing, t_s, tx_power_dbm=-20, entropy=source
    )
    recognised = recognise(data)
    assert recognised is not None
    return recognised


def test_the_id_stays_for_its_interval_and_then_changes(device):
    source = entropy()
    first = sent(device, NOON_S, source)

    assert sent(device, NOON_S + 599, source) == first
    assert sent(device, NOON_S + 600, source).ephemeral_id != first.ephemeral_id
    assert len(list_keys(device.connection, device.sealing)) == 1


def test_a_new_day_has_a_new_key(device):
    source = entropy()
    today = key_at(device.connection, device.sealing, NOON_S, source)
    tomorrow = key_at(device.connection, device.sealing, NOON_S + 86_400, source)

    assert tomorrow.key != today.key
    assert tomorrow.start_interval == today.start_interval + 144


def test_a_key_that_was_ended_early_is_followed_by_one_with_the_same_start(device):
    source = entropy()
    ended = key_at(device.connection, device.sealing, NOON_S, source)
    end_key(device.connection, ended, 72)

    fresh = key_at(device.connection, device.sealing, NOON_S, source)

    assert fresh.key != ended.key
    assert fresh.start_interval == ended.start_interval


def test_the_metadata_tell_the_transmit_power_to_who_has_the_key(device):
    source = entropy()
    heard = sent(device, NOON_S, source)
    own = key_at(device.connection, device.sealing, NOON_S, source)

    metadata = decode_metadata(
        decrypt_metadata(own.key, heard.ephemeral_id, heard.metadata)
    )

    assert metadata.tx_power_dbm == -20
