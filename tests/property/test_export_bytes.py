"""Exports: equal to protobuf where it reads, a named error for everything else."""

import io
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError, ProximityError
from proximity.protocol import export_body
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.export import MAGIC, open_export, open_unsigned
from proximity.protocol.export_columns import decode_keys, encode_keys
from proximity.protocol.export_frame import MAX_RECORD_BYTES, frame_fields
from proximity.protocol.export_index import parse_index
from proximity.protocol.export_message import decode_header, decode_signatures
from proximity.protocol.export_request import parse_ens_request, parse_own_request
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.signature import Signer, VerificationKey

# Files and their signatures cost a millisecond each; single records far less.
of_files = settings(derandomize=True, deadline=None, max_examples=150)
of_records = settings(derandomize=True, deadline=None, max_examples=500)

PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "452", "v1")
TRUSTED = [VerificationKey(PRIVATE_KEY.public_key())]
NAMES = ("start_interval", "period", "transmission_risk", "report_type")


def protobuf_messages() -> tuple[Any, Any]:
    """Return the format's messages, with its keys, as protobuf itself knows them."""
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="oracle.proto", package="oracle", syntax="proto2"
    )
    key = file.message_type.add(name="Key")
    types = file.enum_type.add(name="ReportType")
    for report_type in ReportType:
        types.value.add(name=report_type.name, number=report_type.value)
    fields = [
        ("key", kinds.TYPE_BYTES),
        ("transmission_risk", kinds.TYPE_INT32),
        ("start_interval", kinds.TYPE_INT32),
        ("period", kinds.TYPE_INT32),
        ("report_type", kinds.TYPE_ENUM),
        ("onset", kinds.TYPE_SINT32),
    ]
    for number, (name, kind) in enumerate(fields, 1):
        field = key.field.add(name=name, number=number, type=kind)
        field.label = kinds.LABEL_OPTIONAL
    key.field[3].default_value = "144"
    key.field[4].type_name = ".oracle.ReportType"
    export = file.message_type.add(name="Export")
    for name, number in (("keys", 7), ("revised_keys", 8)):
        field = export.field.add(name=name, number=number, type=kinds.TYPE_MESSAGE)
        field.label, field.type_name = kinds.LABEL_REPEATED, ".oracle.Key"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return (
        message_factory.GetMessageClass(find("oracle.Key")),
        message_factory.GetMessageClass(find("oracle.Export")),
    )


Key, Export = protobuf_messages()


def varint(value: int, padding: int = 0) -> bytes:
    octets = []
    while value > 0x7F or padding > 0:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
        padding -= value == 0
    return bytes([*octets, value])


def tagged(number: int, wire_type: int, value: bytes) -> bytes:
    return varint(number << 3 | wire_type) + value


NUMBERS = st.one_of(
    st.integers(0, 200),
    st.integers(0, 2**64 - 1),
    st.integers(-20, -1).map(lambda n: n & 2**64 - 1),
)
PADDED = st.builds(varint, st.integers(0, 200), st.integers(0, 3))
CHUNKS = st.one_of(st.just(16), st.integers(0, 40)).flatmap(
    lambda n: st.binary(min_size=n, max_size=n)
)
FIELDS = st.one_of(
    st.builds(
        lambda key: tagged(1, 2, b"\x10" + key), st.binary(min_size=16, max_size=16)
    ),
    st.builds(lambda n, v: tagged(n, 0, varint(v)), st.integers(1, 9), NUMBERS),
    st.builds(lambda n, v: tagged(n, 0, v), st.integers(2, 6), PADDED),
    st.builds(
        lambda n, v: tagged(n, 2, varint(len(v)) + v), st.integers(1, 600), CHUNKS
    ),
    st.builds(
        lambda n, v: tagged(n, 1, v),
        st.integers(1, 9),
        st.binary(min_size=8, max_size=8),
    ),
    st.builds(
        lambda n, v: tagged(n, 5, v),
        st.integers(1, 9),
        st.binary(min_size=4, max_size=4),
    ),
    # Rarely sound: what is left of a field, or anything at all.
    st.binary(max_size=3),
)
RECORDS = (
    st.lists(FIELDS, min_size=1, max_size=8)
    .map(b"".join)
    .filter(lambda record: 0 < len(record) <= MAX_RECORD_BYTES)
)
SOUND_KEYS = st.tuples(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**31 - 1),
    st.integers(1, 144),
    st.integers(0, 5),
    st.integers(-32_767, 32_767) | st.just(NO_ONSET),
    st.integers(0, 8),
)


def columns_of(rows: list[tuple[Any, ...]]) -> DiagnosisKeys:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(columns[0]), np.uint8).reshape(-1, 16),
        start_interval=np.array(columns[1], np.int64),
        period=np.array(columns[2], np.int64),
        report_type=np.array(columns[3], np.uint8),
        days_since_onset=np.array(columns[4], np.int16),
        transmission_risk=np.array(columns[5], np.uint8),
    )


def rows_of(keys: DiagnosisKeys) -> list[tuple[Any, ...]]:
    numbers = zip(*(column.tolist() for column in keys[1:]), strict=True)
    return [(key.tobytes(), *row) for key, row in zip(keys.key, numbers, strict=True)]


def row_of_protobuf(message: Any) -> tuple[Any, ...]:
    onset = max(-32_767, min(32_767, message.onset))
    return (
        message.key,
        message.start_interval,
        message.period,
        message.report_type,
        onset if message.HasField("onset") else NO_ONSET,
        message.transmission_risk,
    )


def is_sound(row: tuple[Any, ...]) -> bool:
    key, start, period, _, _, risk = row
    return len(key) == 16 and start >= 0 and 1 <= period <= 144 and 0 <= risk <= 8


def has_group(record: bytes) -> bool:
    """Tell whether our refusal of groups, which protobuf skips, explains an error."""
    try:
        decode(record)
    except FormatError as error:
        return "groups" in str(error)
    return False


def decode(record: bytes) -> DiagnosisKeys:
    ends = np.array([len(record)], np.int64)
    return decode_keys(np.frombuffer(record, np.uint8), ends * 0, ends)


@of_records
@given(RECORDS)
def test_a_record_reads_as_protobuf_reads_it_or_is_refused(record):
    try:
        expected = row_of_protobuf(Key.FromString(record))
    except DecodeError:
        expected = None

    if expected is not None and is_sound(expected) and not has_group(record):
        assert rows_of(decode(record)) == [expected]
    else:
        with pytest.raises(FormatError):
            decode(record)


@of_files
@given(st.lists(SOUND_KEYS, max_size=20), st.lists(SOUND_KEYS, max_size=5))
def test_protobuf_reads_what_is_written(keys, revised):
    data = b"".join(
        [*encode_keys(columns_of(keys), 0x3A), *encode_keys(columns_of(revised), 0x42)]
    )

    message = Export.FromString(data)

    assert [row_of_protobuf(key) for key in message.keys] == keys
    assert [row_of_protobuf(key) for key in message.revised_keys] == revised


@of_files
@given(
    st.lists(
        st.tuples(SOUND_KEYS, st.booleans(), st.sampled_from([b"", b"\x1a\x02VN"]))
    ),
    st.integers(20, 200),
)
def test_fields_in_any_order_and_pieces_of_any_size_read_as_protobuf(fields, size):
    data = b"".join(
        other + b"".join(encode_keys(columns_of([row]), 0x42 if revised else 0x3A))
        for row, revised, other in fields
    )
    message = Export.FromString(data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export_body, "_CHUNK_BYTES", size)
        read = open_unsigned(io.BytesIO(MAGIC + data)).read()

    assert rows_of(read.keys) == [row_of_protobuf(key) for key in message.keys]
    assert rows_of(read.revised) == [row_of_protobuf(k) for k in message.revised_keys]


@of_files
@given(st.lists(SOUND_KEYS, max_size=20, unique_by=lambda row: row[0]))
def test_what_is_signed_and_written_is_verified_and_read_again(rows):
    content = ExportContent("VN", 1, 2, columns_of(rows))

    export = open_export(io.BytesIO(export_bytes(content, [SIGNER]))).verify(TRUSTED)

    assert rows_of(export.read().keys) == sorted(rows)


@of_records
@given(st.binary(max_size=400), st.integers(0, 400))
def test_framing_in_two_stretches_finds_the_same(data, cut):
    def records(stretch: bytes) -> tuple[list[bytes], int]:
        frame = frame_fields(stretch)
        bounds = zip(frame.starts, frame.ends, strict=True)
        return [stretch[a:b] for a, b in bounds], frame.end

    try:
        whole, end = records(data)
        first, middle = records(data[:cut])
        second, rest = records(data[middle:])
    except FormatError:
        return
    assert first + second == whole
    assert middle + rest == end


GOOD = export_bytes(
    ExportContent("VN", 1, 2, columns_of([(bytes(16), 1, 144, 1, 0, 0)] * 3)), [SIGNER]
)


@of_records
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=4)
)
def test_a_changed_file_is_refused_or_says_the_same(changes):
    data = bytearray(GOOD)
    for at, octet in changes:
        data[at] = octet

    try:
        export = open_export(io.BytesIO(bytes(data))).verify(TRUSTED)
    except ProximityError:
        return
    assert rows_of(export.read().keys) == [(bytes(16), 1, 144, 1, 0, 0)] * 3


@of_records
@given(st.binary(max_size=300))
def test_any_body_is_read_or_refused(data):
    try:
        open_unsigned(io.BytesIO(MAGIC + data)).read()
    except FormatError:
        return


@pytest.mark.parametrize(
    "parse",
    [
        lambda data: open_export(io.BytesIO(data)),
        lambda data: open_unsigned(io.BytesIO(data)),
        decode_header,
        decode_signatures,
        frame_fields,
        parse_index,
        lambda data: parse_own_request(data, 0),
        parse_ens_request,
    ],
    ids=["zip", "raw", "header", "signatures", "frame", "index", "own", "ens"],
)
def test_any_bytes_are_read_or_refused(parse):
    @of_files
    @given(st.binary(max_size=200))
    def check(data):
        try:
            parse(data)
        except FormatError:
            return

    check()
