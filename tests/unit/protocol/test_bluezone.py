import hashlib
from itertools import islice, pairwise

import pytest

from proximity.errors import FormatError, TruncatedError, UnsupportedVersionError
from proximity.protocol import bluezone
from proximity.protocol.advertisement import (
    COMPLETE_UUIDS_128,
    Structure,
    decode_structures,
)
from proximity.protocol.carrier import Carrier

KEY = bytes(range(32))
ID = b"twelve bytes"


def test_each_day_has_the_hash_of_the_day_before():
    assert bluezone.advance_key(KEY) == hashlib.sha256(KEY).digest()
    assert bluezone.advance_key(KEY, 0) == KEY
    assert bluezone.advance_key(bluezone.advance_key(KEY, 3), 4) == (
        bluezone.advance_key(KEY, 7)
    )


@pytest.mark.parametrize("days", [-1, bluezone.MAX_DAYS + 1])
def test_days_beyond_a_century_are_a_mistake_of_the_caller(days):
    with pytest.raises(ValueError, match="days"):
        bluezone.advance_key(KEY, days)


def test_a_base_key_is_what_the_source_of_randomness_gives():
    assert bluezone.generate_base_key(random_bytes=bytes) == bytes(32)


def test_the_count_changes_the_times_of_ids_and_not_the_ids():
    half = bluezone.ephemeral_ids(KEY, 0, 48)
    whole = bluezone.ephemeral_ids(KEY, 0, 96)

    assert [i.value for i in half] == [i.value for i in whole[:48]]
    assert half[1].valid_from_ms == 30 * 60_000
    assert whole[1].valid_from_ms == 15 * 60_000


def test_ids_follow_each_other_to_the_end_of_the_day():
    ids = bluezone.ephemeral_ids(KEY, 86_400)

    assert ids[0].valid_from_ms == 86_400_000
    assert ids[-1].valid_to_ms == 2 * 86_400_000
    assert all(a.valid_to_ms == b.valid_from_ms for a, b in pairwise(ids))


def test_a_count_that_does_not_divide_a_day_rounds_its_slots_down():
    assert bluezone.slot_ms(7) == 12_342_857
    assert bluezone.ephemeral_ids(KEY, 0, 7)[-1].valid_to_ms == 86_399_999


@pytest.mark.parametrize("count", [-1, 0, 1, bluezone.MAX_COUNT + 1, 10**9])
def test_a_count_out_of_range_is_a_mistake_of_the_caller(count):
    with pytest.raises(ValueError, match="IDs"):
        bluezone.derive_ephemeral_ids(KEY, count)


@pytest.mark.parametrize("key", [b"", KEY[1:], KEY + b"\0"])
def test_a_key_of_another_length_is_a_mistake_of_the_caller(key):
    for derive in (
        bluezone.advance_key,
        bluezone.derive_ephemeral_ids,
        lambda k: next(bluezone.id_chain(k)),
        lambda k: bluezone.disclose_day(k, 0),
    ):
        with pytest.raises(ValueError, match="32 bytes"):
            derive(key)


def test_the_chain_of_ids_has_no_end_of_its_own():
    assert list(islice(bluezone.id_chain(KEY), 97))[:96] == list(
        bluezone.derive_ephemeral_ids(KEY)
    )


def test_a_published_key_discloses_every_later_day():
    disclosure = bluezone.disclose_day(KEY, 18_482)

    assert (disclosure.key, disclosure.from_s) == (KEY, 1_596_844_800)
    assert disclosure.to_s is None


def test_an_advertisement_is_the_23_bytes_of_android():
    data = bluezone.encode_advertisement(ID)

    assert data == bytes.fromhex("0201020303564e0fffb522") + ID
    heard = bluezone.decode_advertisement(decode_structures(data))

    assert heard == (ID, b"", Carrier.MANUFACTURER_DATA)


@pytest.mark.parametrize(("ephemeral_id", "metadata"), [(ID[1:], b""), (ID, b"x")])
def test_an_advertisement_of_wrong_parts_is_a_mistake_of_the_caller(
    ephemeral_id, metadata
):
    with pytest.raises(ValueError, match="12 bytes"):
        bluezone.encode_advertisement(ephemeral_id, metadata)


def test_the_company_alone_is_not_bluezone():
    structures = decode_structures(bytes.fromhex("0fffb522") + ID)

    assert bluezone.decode_advertisement(structures) is None


def test_ids_have_twelve_bytes():
    assert bluezone.decode_id(ID) == ID
    with pytest.raises(TruncatedError):
        bluezone.decode_id(ID[1:])
    with pytest.raises(FormatError):
        bluezone.decode_id(ID + b"\0")


def test_the_fixed_id_of_version_1_is_refused_by_name():
    with pytest.raises(UnsupportedVersionError, match="Bluezone v1 fixed ID"):
        bluezone.decode_id(b"aZ09bc")


def test_six_other_bytes_are_no_fixed_id():
    with pytest.raises(TruncatedError):
        bluezone.decode_id(b"aZ09b-")


def test_the_services_of_version_1_are_refused_by_name():
    service = bytes.fromhex("e20a39f473f54bc4a12f17d1ad07a889")
    structures = [Structure(COMPLETE_UUIDS_128, service[::-1])]

    with pytest.raises(UnsupportedVersionError, match="Bluezone v1 fixed ID"):
        bluezone.decode_advertisement(structures)


def test_a_refusal_does_not_repeat_the_id():
    with pytest.raises(UnsupportedVersionError) as caught:
        bluezone.decode_id(b"aZ09bc")

    assert "aZ09bc" not in str(caught.value) + caught.value.hint
