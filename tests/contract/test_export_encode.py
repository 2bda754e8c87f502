"""Both forms of writing key records write the same, and refuse the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proximity.kernels.dispatch import PYTHON, available_variants, load_native
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys
from proximity.protocol.export_columns import BLOCK_KEYS, encode_keys
from proximity.protocol.export_encode import key_records

FORMS = list(dict.fromkeys([PYTHON, available_variants()[0]]))
TAGS = [0x3A, 0x42]
# One row: start, period, report type, days since onset, transmission risk.
SOUND = (2_649_980, 144, 1, -3, 2)
ROWS = st.tuples(
    st.one_of(st.integers(0, 300), st.integers(-(2**63), 2**63 - 1)),
    st.one_of(st.integers(1, 144), st.integers(-(2**63), 2**63 - 1)),
    st.integers(0, 7),
    st.integers(-32_768, 32_767),
    st.integers(0, 10),
)


def columns(rows) -> DiagnosisKeys:
    table = list(zip(*rows, strict=True)) or [()] * 5
    return DiagnosisKeys(
        key=np.arange(16 * len(rows), dtype=np.uint8).reshape(-1, 16),
        start_interval=np.array(table[0], np.int64),
        period=np.array(table[1], np.int64),
        report_type=np.array(table[2], np.uint8),
        days_since_onset=np.array(table[3], np.int16),
        transmission_risk=np.array(table[4], np.uint8),
    )


def outcome(form, keys: DiagnosisKeys, tag: int):
    try:
        return list(key_records(keys, tag, form))
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("row", "content"),
    [
        ((0, 144, 0, NO_ONSET, 0), b"\x10\x00"),
        (SOUND, b"\x10\x02\x18\xfc\xde\xa1\x01\x28\x01\x30\x05"),
        ((127, 1, 5, 0, 8), b"\x10\x08\x18\x7f\x20\x01\x28\x05\x30\x00"),
        (
            (2**31 - 1, 143, 0, -32_767, 0),
            b"\x10\x00\x18\xff\xff\xff\xff\x07\x20\x8f\x01\x30\xfd\xff\x03",
        ),
        ((128, 128, 0, 64, 0), b"\x10\x00\x18\x80\x01\x20\x80\x01\x30\x80\x01"),
    ],
)
def test_a_record_has_the_bytes_of_the_format(form, row, content):
    keys = columns([row])
    body = b"\x0a\x10" + keys.key.tobytes() + content

    assert list(key_records(keys, 0x42, form)) == [bytes([0x42, len(body)]) + body]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "row",
    [
        (-1, *SOUND[1:]),
        (2**31, *SOUND[1:]),
        *((SOUND[0], period, *SOUND[2:]) for period in (0, 145, -1, 2**40 + 1)),
        (*SOUND[:2], 6, *SOUND[3:]),
        (*SOUND[:4], 9),
    ],
)
def test_what_a_reader_refuses_is_not_written(form, row):
    with pytest.raises(ValueError, match="out of range"):
        list(key_records(columns([SOUND, row, SOUND]), 0x3A, form))


@given(st.lists(ROWS, max_size=4), st.sampled_from(TAGS))
def test_any_columns_are_written_alike(rows, tag):
    keys = columns(rows)

    assert outcome(FORMS[-1], keys, tag) == outcome(PYTHON, keys, tag)


def test_blocks_end_at_the_same_keys():
    count = BLOCK_KEYS + 5
    keys = columns([SOUND])
    many = DiagnosisKeys(*(np.repeat(column, count, axis=0) for column in keys))

    for form in FORMS:
        assert list(key_records(many, 0x3A, form)) == list(encode_keys(many, 0x3A))


@pytest.mark.skipif(load_native() is None, reason="nothing was compiled")
@pytest.mark.parametrize(
    ("first", "end", "room"), [(0, 3, 200), (2, 1, 200), (0, 2, 73)]
)
def test_the_kernel_checks_rows_and_room(first, end, room):
    kernels = load_native()
    assert kernels is not None
    out = np.empty(room, np.uint8)

    with pytest.raises(ValueError, match=r"rows are|too little room"):
        kernels.export_write(tuple(columns([SOUND] * 2)), first, end, 0x3A, out)
    short = columns([SOUND] * 2)._replace(period=np.ones(1, np.int64))
    with pytest.raises(ValueError, match="differ in length"):
        kernels.export_write(tuple(short), 0, 1, 0x3A, out)
