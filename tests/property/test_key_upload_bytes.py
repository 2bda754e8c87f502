"""Whatever is handed in: a named error, or keys that can be published and read back."""

import contextlib
import io
import json

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.authority.publish.model import AuthorityState
from proximity.authority.publish.rules import (
    accept_key,
    check_upload,
    key_columns,
    pad_keys,
)
from proximity.errors import FormatError, InvalidUploadError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.export import open_export
from proximity.protocol.export_writer import ExportContent, write_export
from proximity.protocol.key_file import (
    UploadedKey,
    encode_key_file,
    parse_key_file,
)
from proximity.protocol.public_keys import parse_public_keys
from proximity.protocol.signature import Signer, VerificationKey

DAY = 18_400
NOW_S = DAY * 86_400 + 7_800
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
SIGNER = Signer(PRIVATE_KEY, "VN", "v1")
PINNED = VerificationKey(PRIVATE_KEY.public_key(), "VN", "v1")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | st.integers(-2, 2**31) | st.just("00" * 16)
        for name in (
            "key",
            "start_interval",
            "period",
            "report_type",
            "days_since_onset",
            "transmission_risk",
        )
    },
)
uploaded_keys = st.builds(
    UploadedKey,
    key=st.binary(min_size=15, max_size=16),
    start_interval=st.integers((DAY - 16) * 144, (DAY + 1) * 144),
    period=st.integers(-1, 146),
    report_type=st.sampled_from(ReportType),
    days_since_onset=st.none() | st.integers(-16, 16),
    transmission_risk=st.integers(-1, 9),
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_key_file_or_a_format_error(data: bytes):
    for parse in (parse_key_file, parse_public_keys):
        with contextlib.suppress(FormatError):
            parse(data)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(entries | json_values, max_size=3))
def test_any_json_is_a_key_file_or_a_format_error(items: list[object]):
    for name in ("keys", "revised_keys"):
        with contextlib.suppress(FormatError):
            parse_key_file(json.dumps({name: items}).encode())


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(uploaded_keys, max_size=4))
def test_a_key_file_survives_writing_and_reading(keys: list[UploadedKey]):
    assert parse_key_file(encode_key_file(keys)).keys == tuple(keys)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(uploaded_keys, max_size=3), st.integers(0, 20))
def test_what_is_accepted_can_be_published_and_read(
    keys: list[UploadedKey], minimum: int
):
    state = AuthorityState("VN")
    try:
        check_upload(keys, now_s=NOW_S)
        for number, key in enumerate(keys, 1):
            accept_key(state, key, number)
    except InvalidUploadError:
        return

    columns = key_columns(keys)
    rng = np.random.default_rng(1)
    file = io.BytesIO()
    padded = pad_keys(columns, minimum, rng.bytes)
    write_export(file, ExportContent("VN", NOW_S - 1, NOW_S, padded), [SIGNER])
    file.seek(0)

    read = open_export(file).verify([PINNED]).read().keys
    assert len(read.key) >= minimum
    found = {bytes(row): n for n, row in enumerate(read.key)}
    for place, key in enumerate(keys):
        assert [column[found[key.key]].tolist() for column in read] == [
            column[place].tolist() for column in columns
        ]
