"""The key records in a stretch of an export: the form of native/export_scan.c.

The kernel reads what is sound. The fields between records are walked as the plain form
walks them, and a record that the kernel does not take is judged by the plain form: so
every error has one name, whichever form met it.
"""

from typing import Any

import numpy as np

from proximity.kernels.dispatch import NativeKernels
from proximity.protocol import export_scan_plain
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_columns import KEY_BYTES, select_keys
from proximity.protocol.export_frame import (
    MIN_RECORD_BYTES,
    check_others,
    walk_fields,
)
from proximity.protocol.export_scan_plain import CountedStretch, ScannedStretch

# Tag and length stand before the content.
_LEAST_RECORD_BYTES = MIN_RECORD_BYTES + 2


class NativeReader:
    """Reads stretches by compiled kernels; equal to `export_scan_plain`.

    Parameters
    ----------
    kernels : NativeKernels
    """

    __slots__ = ("_kernels",)

    def __init__(self, kernels: NativeKernels) -> None:
        self._kernels = kernels

    def count_records(self, data: memoryview) -> CountedStretch:
        """Find the fields, as `export_scan_plain.count_records`.

        Raises
        ------
        FormatError
            As there.
        """
        others, cursor = walk_fields(data, 0)
        records = revised = 0
        while True:
            stop, passed, of_them_revised = self._kernels.export_count(data, cursor)
            if not passed:
                return CountedStretch(records, revised, tuple(others), cursor)
            records += passed
            revised += of_them_revised
            fields, cursor = walk_fields(data, stop)
            others += fields
            check_others(others)

    def scan_records(self, data: memoryview) -> ScannedStretch:
        """Find the fields and read the records, as `export_scan_plain.scan_records`.

        Raises
        ------
        FormatError
            As there.
        """
        keys, revised = _rows(len(data) // _LEAST_RECORD_BYTES + 1)
        columns = (*keys, revised)
        others, cursor = walk_fields(data, 0)
        count = 0
        while True:
            stop, read, sound = self._kernels.export_scan(data, cursor, columns, count)
            if not sound:
                return export_scan_plain.scan_records(data)
            if not read:
                break
            count += read
            fields, cursor = walk_fields(data, stop)
            others += fields
            check_others(others)
        some = slice(count)
        return ScannedStretch(
            select_keys(keys, some), revised[some], tuple(others), cursor
        )


def _rows(count: int) -> tuple[DiagnosisKeys, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return columns for as many records as a stretch can hold, to be written."""
    keys = DiagnosisKeys(
        key=np.empty((count, KEY_BYTES), np.uint8),
        start_interval=np.empty(count, np.int64),
        period=np.empty(count, np.int64),
        report_type=np.empty(count, np.uint8),
        days_since_onset=np.empty(count, np.int16),
        transmission_risk=np.empty(count, np.uint8),
    )
    return keys, np.empty(count, np.bool_)
