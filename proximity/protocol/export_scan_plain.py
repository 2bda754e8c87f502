"""The key records in a stretch of an export: the plain form, on numpy alone."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_columns import decode_keys
from proximity.protocol.export_frame import frame_fields


class CountedStretch(NamedTuple):
    """How many complete records a stretch holds, and what else.

    Attributes
    ----------
    records, revised : int
        All key records; those of them that are of `revised_keys`.
    others : tuple of bytes
        All other fields, each with its tag.
    end : int
        Where the first incomplete field begins; the length of the data if none.
    """

    records: int
    revised: int
    others: tuple[bytes, ...]
    end: int


class ScannedStretch(NamedTuple):
    """The complete records of a stretch, read; otherwise as `CountedStretch`.

    Attributes
    ----------
    keys : DiagnosisKeys of length n
        In file order.
    revised : bool[n]
        Which are of `revised_keys`.
    others : tuple of bytes
    end : int
    """

    keys: DiagnosisKeys
    revised: NDArray[np.bool_]
    others: tuple[bytes, ...]
    end: int


def count_records(data: memoryview) -> CountedStretch:
    """Find the fields; not a byte inside a record is interpreted.

    Parameters
    ----------
    data : memoryview
        Begins where a field begins; may end inside one.

    Returns
    -------
    CountedStretch

    Raises
    ------
    FormatError
        As `export_frame.frame_fields`.
    """
    frame = frame_fields(data)
    revised = int(np.count_nonzero(frame.revised))
    return CountedStretch(len(frame.revised), revised, frame.others, frame.end)


def scan_records(data: memoryview) -> ScannedStretch:
    """Find the fields and read the records.

    Parameters
    ----------
    data : memoryview
        Begins where a field begins; may end inside one.

    Returns
    -------
    ScannedStretch

    Raises
    ------
    FormatError
        As `export_frame.frame_fields`, then as `export_columns.decode_keys`.
    """
    frame = frame_fields(data)
    keys = decode_keys(np.frombuffer(data, np.uint8), frame.starts, frame.ends)
    return ScannedStretch(keys, frame.revised, frame.others, frame.end)
