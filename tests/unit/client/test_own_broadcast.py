"""What a device advertises of itself."""

import itertools

import pytest

from proximity.client.own_broadcast import (
    Form,
    advertisement_at,
    bluezone_key,
    key_at,
)
from proximity.protocol import bluezone
from proximity.protocol.carrier import Carrier, DeploymentProfile
from proximity.protocol.gaen import decode_metadata, decrypt_metadata
from proximity.protocol.scheme import recognise
from proximity.store.own_keys import end_key, list_keys

DAY_START_S = 20_774 * 86_400
NOON_S = DAY_START_S + 43_200


def entropy():
    counter = itertools.count(1)
    return lambda size: bytes([next(counter)]) * size


def sent(device, t_s: float, source):
    data = advertisement_at(
        device.connection, device.sealing, t_s, form=Form(-20), entropy=source
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


BLUEZONE = Form(-20, "bluezone", Carrier.MANUFACTURER_DATA)


def sent_in_bluezone(device, t_s: float, source):
    data = advertisement_at(
        device.connection, device.sealing, t_s, form=BLUEZONE, entropy=source
    )
    recognised = recognise(data)
    assert recognised is not None
    assert recognised.scheme == "bluezone"
    return recognised.ephemeral_id


def test_a_bluezone_id_stays_for_a_quarter_of_an_hour_and_then_changes(device):
    source = entropy()
    first = sent_in_bluezone(device, NOON_S, source)

    assert sent_in_bluezone(device, NOON_S + 899, source) == first
    assert sent_in_bluezone(device, NOON_S + 900, source) != first


def test_bluezone_ids_are_those_of_the_days_bluezone_key(device):
    source = entropy()
    heard = [sent_in_bluezone(device, DAY_START_S + 900 * n, source) for n in range(96)]
    own = key_at(device.connection, device.sealing, NOON_S, source)

    ids = bluezone.ids_of_day(bluezone_key(own.key), 20_774)
    assert heard == [each.value for each in ids]
    assert [each.valid_from_ms for each in ids[:2]] == [
        DAY_START_S * 1_000,
        (DAY_START_S + 900) * 1_000,
    ]


def test_a_bluezone_key_does_not_lead_to_that_of_the_next_day(device):
    source = entropy()
    today = key_at(device.connection, device.sealing, NOON_S, source)
    tomorrow = key_at(device.connection, device.sealing, NOON_S + 86_400, source)

    assert bluezone.advance_key(bluezone_key(today.key)) != bluezone_key(tomorrow.key)
    assert bluezone_key(today.key) != today.key


@pytest.mark.parametrize("carrier", Carrier)
def test_every_carrier_has_the_same_id_under_the_numbers_of_its_profile(
    device, carrier
):
    source = entropy()
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    data = advertisement_at(
        device.connection,
        device.sealing,
        NOON_S,
        form=Form(-20, carrier=carrier, profile=profile),
        entropy=source,
    )
    heard = recognise(data, profile)

    assert recognise(data) is None
    assert heard is not None
    assert heard.carrier is carrier
    assert heard.ephemeral_id == sent(device, NOON_S, source).ephemeral_id
