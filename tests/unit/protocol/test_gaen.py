import pytest

from proximity.errors import FormatError, TruncatedError, UnsupportedVersionError
from proximity.protocol import gaen
from proximity.protocol.advertisement import decode_structures
from proximity.protocol.carrier import Carrier
from proximity.protocol.gaen import CalibrationConfidence, TemporaryExposureKey

KEY = bytes(range(16))
ID = bytes(range(100, 116))
START = 2_642_976


def test_a_key_starts_with_the_utc_day_of_its_interval():
    assert gaen.aligned_start(START) == START
    assert gaen.aligned_start(START + 143) == START
    assert gaen.aligned_start(START + 144) == START + 144


def test_a_generated_key_is_valid_for_its_whole_day():
    key = gaen.generate_key(START + 77, random_bytes=bytes)

    assert key == TemporaryExposureKey(bytes(16), START, 144)
    assert (key.valid_from_s, key.valid_to_s) == (1_585_785_600, 1_585_872_000)


def test_a_key_that_was_released_early_is_valid_for_less():
    key = TemporaryExposureKey(KEY, START, 50)

    assert key.valid_to_s - key.valid_from_s == 50 * 600
    assert len(gaen.derive_ephemeral_ids(key.key, key.start_interval, key.period)) == 50


def test_two_keys_of_one_start_share_no_id():
    first = gaen.derive_ephemeral_ids(KEY, START, 50)
    second = gaen.derive_ephemeral_ids(KEY[::-1], START, 94)

    assert {row.tobytes() for row in first}.isdisjoint(row.tobytes() for row in second)


def test_a_start_inside_the_day_goes_on_where_the_day_is():
    whole = gaen.derive_ephemeral_ids(KEY, START)

    assert gaen.derive_ephemeral_ids(KEY, START + 7, 3).tolist() == whole[7:10].tolist()


def test_derived_ids_cannot_be_changed_by_accident():
    assert not gaen.derive_ephemeral_ids(KEY, START, 1).flags.writeable


def test_each_id_is_valid_for_its_ten_minutes():
    ids = gaen.ephemeral_ids(KEY, START, 2)

    assert [(i.valid_from_ms, i.valid_to_ms) for i in ids] == [
        (1_585_785_600_000, 1_585_786_200_000),
        (1_585_786_200_000, 1_585_786_800_000),
    ]


@pytest.mark.parametrize(
    ("key", "start", "period"),
    [
        (KEY[1:], START, 144),
        (KEY + b"\0", START, 144),
        (KEY, START, 0),
        (KEY, START, 145),
        (KEY, -1, 144),
        (KEY, 2**32 - 143, 144),
    ],
)
def test_a_key_outside_its_ranges_is_a_mistake_of_the_caller(key, start, period):
    with pytest.raises(ValueError, match=r"\w"):
        gaen.derive_ephemeral_ids(key, start, period)
    with pytest.raises(ValueError, match=r"\w"):
        TemporaryExposureKey(key, start, period)


def test_the_last_interval_that_the_format_can_number_is_derived():
    assert gaen.derive_ephemeral_ids(KEY, 2**32 - 144).shape == (144, 16)


def test_a_key_does_not_show_itself():
    assert repr(TemporaryExposureKey(KEY, START)) == "<TemporaryExposureKey 16 bytes>"


@pytest.mark.parametrize(
    ("arguments", "encoded"),
    [
        ((8, CalibrationConfidence.LOWEST, (1, 0)), "40080000"),
        ((8, CalibrationConfidence.LOWEST, (1, 1)), "50080000"),
        ((-15, CalibrationConfidence.LOW, (1, 1)), "54f10000"),
        ((-128, CalibrationConfidence.MEDIUM, (1, 1)), "58800000"),
        ((127, CalibrationConfidence.HIGH, (1, 1)), "5c7f0000"),
    ],
)
def test_metadata_has_the_layout_of_its_version(arguments, encoded):
    power, confidence, version = arguments

    assert gaen.encode_metadata(*arguments).hex() == encoded
    assert gaen.decode_metadata(bytes.fromhex(encoded)) == gaen.Metadata(
        version, confidence, power
    )


def test_metadata_1_0_has_no_confidence_whatever_the_bits():
    metadata = gaen.decode_metadata(bytes.fromhex("4c080000"))

    assert metadata.confidence is CalibrationConfidence.LOWEST


def test_a_later_minor_version_is_read_as_1_1():
    metadata = gaen.decode_metadata(bytes.fromhex("6cf60102"))

    assert metadata == gaen.Metadata((1, 2), CalibrationConfidence.HIGH, -10)


@pytest.mark.parametrize("head", ["00", "80", "c0"])
def test_another_major_version_is_refused_by_name(head):
    with pytest.raises(UnsupportedVersionError, match="major version"):
        gaen.decode_metadata(bytes.fromhex(head + "080000"))


def test_metadata_of_another_length_is_refused():
    with pytest.raises(TruncatedError):
        gaen.decode_metadata(b"\x40\x08\x00")
    with pytest.raises(FormatError):
        gaen.decode_metadata(b"\x40\x08\x00\x00\x00")


@pytest.mark.parametrize(
    "arguments",
    [
        (128, CalibrationConfidence.LOW, (1, 1)),
        (-129, CalibrationConfidence.LOW, (1, 1)),
        (0, CalibrationConfidence.LOW, (1, 0)),
        (0, CalibrationConfidence.LOWEST, (1, 2)),
        (0, CalibrationConfidence.LOWEST, (2, 0)),
    ],
)
def test_metadata_that_cannot_be_sent_is_a_mistake_of_the_caller(arguments):
    with pytest.raises(ValueError, match=r"\w"):
        gaen.encode_metadata(*arguments)


def test_metadata_decrypts_under_its_own_id_only():
    metadata = gaen.encode_metadata(-21, CalibrationConfidence.HIGH)
    encrypted = gaen.encrypt_metadata(KEY, ID, metadata)

    assert gaen.decrypt_metadata(KEY, ID, encrypted) == metadata
    assert gaen.decrypt_metadata(KEY, ID[::-1], encrypted) != metadata


def test_encryption_refuses_wrong_lengths():
    with pytest.raises(ValueError, match="4"):
        gaen.encrypt_metadata(KEY, ID, b"\x40\x08\x00")
    with pytest.raises(ValueError, match="16"):
        gaen.encrypt_metadata(KEY, ID[1:], b"\x40\x08\x00\x00")


def test_an_advertisement_has_31_bytes_with_flags_and_28_without():
    with_flags = gaen.encode_advertisement(ID, b"abcd", flags=True)
    without = gaen.encode_advertisement(ID, b"abcd", flags=False)

    assert len(with_flags) == 31
    assert with_flags == bytes.fromhex("02011a") + without
    assert len(without) == 28


def test_an_advertisement_of_wrong_parts_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="16"):
        gaen.encode_advertisement(ID[1:], b"abcd", flags=True)
    with pytest.raises(ValueError, match="4"):
        gaen.encode_advertisement(ID, b"abc", flags=True)


def test_the_first_of_several_service_data_counts():
    data = gaen.encode_advertisement(ID, b"abcd", flags=False)
    again = gaen.encode_advertisement(ID[::-1], b"abcd", flags=False)

    heard = gaen.decode_advertisement(decode_structures(data + again))

    assert heard == (ID, b"abcd", Carrier.SERVICE_DATA)


def test_a_day_number_gives_the_ids_of_that_day():
    day = START // 144

    assert gaen.ids_of_day(KEY, day) == gaen.ephemeral_ids(KEY, START)


def test_what_is_published_discloses_one_day():
    disclosure = gaen.disclose_day(KEY, START // 144)

    assert disclosure.key == KEY
    assert (disclosure.from_s, disclosure.to_s) == (1_585_785_600, 1_585_872_000)
