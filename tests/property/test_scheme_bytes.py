"""Any bytes from the air or a file give a value or a `FormatError`; the rest holds."""

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.protocol import advertisement, bluezone, gaen
from proximity.protocol.advertisement import (
    EXTENDED_BYTES,
    Structure,
    decode_structures,
    encode_structures,
)
from proximity.protocol.bluezone_case import decode_case_info
from proximity.protocol.bluezone_history import (
    HistoryRow,
    decode_history,
    encode_history,
)
from proximity.protocol.bluezone_ios import (
    decode_characteristic,
    decode_wake_up,
    encode_beacon,
    encode_overflow,
    encode_service,
)
from proximity.protocol.bluezone_list import (
    PublishedKey,
    decode_list,
    encode_list,
    match_history,
)
from proximity.protocol.carrier import Carrier, encode_carrier
from proximity.protocol.on_air import Kind, kind_of
from proximity.protocol.scheme import Recognised, recognise

modest = settings(derandomize=True, deadline=None, max_examples=150)

GENUINE = (
    gaen.encode_advertisement(bytes(16), bytes(4), flags=True),
    gaen.encode_advertisement(bytes(16), bytes(4), flags=False),
    bluezone.encode_advertisement(bytes(12)),
    encode_service(),
    encode_overflow(),
    encode_beacon(),
    *(encode_carrier(bytes(range(20)), carrier) for carrier in Carrier),
)
# Tags that decoders look for, so that hostile bytes reach beyond the first check.
TAGS = st.sampled_from(
    [
        b"",
        b"\x6f\xfd",
        b"\x56\x4e",
        b"\xb5\x22",
        b"\x4c\x00\x01",
        b"\xff\xff",
        b"\xff\xff\x6f\xfd",
    ]
)
KINDS = st.sampled_from([0x01, 0x02, 0x03, 0x06, 0x07, 0x09, 0x16, 0xFF])
STRUCTURES = st.lists(
    st.builds(
        lambda kind, tag, rest: Structure(kind, tag + rest),
        KINDS | st.integers(0, 255),
        TAGS,
        st.binary(max_size=40),
    ),
    max_size=20,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=8,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "daily_key": st.just("ab" * 32) | JSON,
        "time_start": st.integers(-1, 2**33) | JSON,
        "time_end": st.integers(-1, 2**33) | JSON,
        "max": st.integers(-1, 10**9) | JSON,
    },
)


@st.composite
def damaged_advertisements(draw):
    """Return a genuine advertisement with one byte changed, cut or lengthened."""
    data = bytearray(draw(st.sampled_from(GENUINE)))
    data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=5))


@modest
@given(
    st.binary(max_size=80)
    | damaged_advertisements()
    | STRUCTURES.map(lambda s: encode_structures(s, limit=EXTENDED_BYTES))
)
def test_any_advertisement_gives_a_value_or_a_format_error(data):
    with contextlib.suppress(FormatError):
        structures = decode_structures(data)
        decode_wake_up(structures)
        heard = recognise(data)
        # On air the bytes of a service UUID come last first.
        assert heard is None or heard.ephemeral_id in data + data[::-1]
        assert kind_of(data) is not Kind.MALFORMED


@modest
@given(STRUCTURES)
def test_structures_are_read_as_they_were_written(structures):
    data = encode_structures(structures, limit=EXTENDED_BYTES)

    assert decode_structures(data) == tuple(structures)


@modest
@given(st.binary(max_size=EXTENDED_BYTES))
def test_what_is_read_is_written_back_up_to_its_padding(data):
    with contextlib.suppress(FormatError):
        again = encode_structures(decode_structures(data), limit=EXTENDED_BYTES)

        assert data.startswith(again)
        assert data[len(again) : len(again) + 1] in (b"", b"\0")


@modest
@given(st.binary(max_size=20))
def test_any_characteristic_gives_an_id_or_a_format_error(value):
    with contextlib.suppress(FormatError):
        assert decode_characteristic(value) == value


@modest
@given(st.binary(max_size=6))
def test_any_metadata_gives_a_value_or_a_format_error(data):
    with contextlib.suppress(FormatError):
        assert -128 <= gaen.decode_metadata(data).tx_power_dbm <= 127


@modest
@given(
    st.builds(
        gaen.TemporaryExposureKey,
        key=st.binary(min_size=16, max_size=16),
        start_interval=st.integers(0, 2**32 - 144),
        period=st.integers(1, 144),
    ),
    st.sampled_from(gaen.CalibrationConfidence),
    st.integers(-128, 127),
)
def test_a_gaen_sighting_decrypts_to_what_was_sent(owner, confidence, power):
    ids = gaen.derive_ephemeral_ids(owner.key, owner.start_interval, owner.period)
    sent = ids[-1].tobytes()
    metadata = gaen.encode_metadata(power, confidence)
    data = gaen.encode_advertisement(
        sent, gaen.encrypt_metadata(owner.key, sent, metadata)
    )

    heard = recognise(data)

    assert isinstance(heard, Recognised)
    assert gaen.decode_metadata(
        gaen.decrypt_metadata(owner.key, heard.ephemeral_id, heard.metadata)
    ) == gaen.Metadata((1, 1), confidence, power)


@modest
@given(st.binary(min_size=12, max_size=12), st.permutations([0, 1, 2]))
def test_a_bluezone_id_survives_any_order_of_structures(ephemeral_id, order):
    structures = decode_structures(bluezone.encode_advertisement(ephemeral_id))

    data = encode_structures([structures[at] for at in order])

    assert recognise(data) == Recognised(
        "bluezone", ephemeral_id, b"", Carrier.MANUFACTURER_DATA
    )


@modest
@given(st.binary(max_size=200) | st.text("0aF\t\n-9", max_size=200).map(str.encode))
def test_any_history_gives_rows_or_a_format_error(data):
    with contextlib.suppress(FormatError):
        assert encode_history(decode_history(data)).count(b"\n") == data.count(b"\n")


IDS = st.binary(min_size=12, max_size=12)
ROWS = st.builds(
    HistoryRow,
    own_id=IDS,
    contact_id=IDS,
    rssi_dbm=st.integers(-128, 127),
    t_ms=st.integers(10**12, 10**13 - 1),
)


@modest
@given(st.lists(ROWS, max_size=5))
def test_a_history_is_read_as_it_was_written(rows):
    seconds = [row.t_ms // 1000 * 1000 for row in rows]

    assert list(decode_history(encode_history(rows))) == rows
    read = decode_history(encode_history(rows, unit="s"))
    assert [row.t_ms for row in read] == seconds


@modest
@given(
    st.binary(max_size=100)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.lists(ENTRIES | JSON, max_size=3).map(
        lambda entries: json.dumps({"data": entries}).encode()
    )
)
def test_any_list_gives_keys_or_a_format_error(data):
    with contextlib.suppress(FormatError):
        keys = decode_list(data)
        assert decode_list(encode_list(keys)) == keys
    with contextlib.suppress(FormatError):
        decode_case_info(data)


@modest
@given(
    st.integers(2, 96),
    st.integers(0, 200),
    st.integers(-2_000_000, 2_000_000),
    st.integers(0, 2_000_000),
)
def test_more_tolerance_never_loses_a_match(count, slot, offset_ms, tolerance_ms):
    key = PublishedKey(bytes(32), 0, 3 * 86_400, count)
    days, of_day = divmod(slot, count)
    sent = bluezone.derive_ephemeral_ids(bluezone.advance_key(bytes(32), days), count)
    start_ms = slot * bluezone.slot_ms(count)
    heard = [HistoryRow(bytes(12), sent[of_day], -60, start_ms + offset_ms)]

    exact = match_history([key], heard, tolerance_ms=0)
    tolerant = match_history([key], heard, tolerance_ms=tolerance_ms)

    assert set(exact) <= set(tolerant)
    inside = -tolerance_ms <= offset_ms <= bluezone.slot_ms(count) + tolerance_ms
    assert bool(tolerant) == (inside and start_ms <= 3 * 86_400_000)


@modest
@given(st.lists(st.binary(min_size=2, max_size=2), max_size=4), st.booleans())
def test_listed_services_are_all_found(uuids, complete):
    kind = (
        advertisement.COMPLETE_UUIDS_16
        if complete
        else advertisement.INCOMPLETE_UUIDS_16
    )

    found = advertisement.service_uuids([Structure(kind, b"".join(uuids))])

    assert found == {
        advertisement.service_uuid(int.from_bytes(u, "little")) for u in uuids
    }
