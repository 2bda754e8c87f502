"""Any bytes from the management socket are a value or a FormatError."""

import contextlib
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.errors import FormatError
from proximity.radio.mgmt_frames import (
    decode_advertising_features,
    decode_event,
    decode_index_list,
    decode_information,
    decode_monitor_handle,
)

bodies = st.binary(max_size=300)
codes = st.sampled_from([1, 2, 5, 6, 0x12, 0x2F, 0x13])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(codes, bodies, st.booleans())
def test_a_frame_is_an_event_or_a_format_error(code, body, honest):
    size = len(body) if honest else len(body) // 2

    with contextlib.suppress(FormatError):
        decode_event(struct.pack("<HHH", code, 0, size) + body)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(bodies)
def test_a_replys_data_is_a_value_or_a_format_error(data):
    for decode in (
        decode_event,
        decode_index_list,
        decode_information,
        decode_advertising_features,
        decode_monitor_handle,
    ):
        with contextlib.suppress(FormatError):
            decode(data)
