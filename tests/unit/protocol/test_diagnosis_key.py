import numpy as np

from proximity.protocol.diagnosis_key import (
    NO_ONSET,
    DiagnosisKeys,
    ReportType,
    concatenate_keys,
)


def column_block(*first_bytes: int) -> DiagnosisKeys:
    n = len(first_bytes)
    key = np.zeros((n, 16), np.uint8)
    key[:, 0] = first_bytes
    return DiagnosisKeys(
        key,
        np.full(n, 2_642_976, np.int64),
        np.full(n, 144, np.int64),
        np.full(n, ReportType.CONFIRMED_TEST, np.uint8),
        np.full(n, NO_ONSET, np.int16),
        np.zeros(n, np.uint8),
    )


def test_blocks_join_in_their_order():
    joined = concatenate_keys([column_block(7, 8), column_block(9)])

    assert joined.key[:, 0].tolist() == [7, 8, 9]
    assert joined.days_since_onset.tolist() == [NO_ONSET] * 3


def test_no_blocks_give_no_keys():
    assert concatenate_keys([]).key.shape == (0, 16)


def test_keys_are_counted_and_never_shown():
    assert repr(column_block(0xAB, 0xCD)) == "<DiagnosisKeys n=2>"
