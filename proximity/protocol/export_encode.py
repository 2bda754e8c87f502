"""Writing key records: compiled where kernels run, else the plain form."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proximity.kernels.dispatch import (
    PYTHON,
    NativeKernels,
    choose_variant,
    load_native,
)
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_columns import BLOCK_KEYS, KEY_BYTES, encode_keys

_TYPES = (np.uint8, np.int64, np.int64, np.uint8, np.int16, np.uint8)


def key_records(
    keys: DiagnosisKeys, tag: int, forced: str | None = None
) -> Iterator[bytes]:
    """Write key records, byte for byte as `export_columns.encode_keys`.

    Parameters
    ----------
    keys : DiagnosisKeys
    tag : int
        `KEYS_TAG` or `REVISED_TAG`.
    forced : str or None
        A kernel variant; see `kernels.dispatch`. Any but the one in Python is the
        compiled writer.

    Yields
    ------
    bytes
        The records of up to 65,536 keys, in their order.

    Raises
    ------
    ValueError
        If a column holds what a reader refuses.
    KernelError
        If the variant cannot run on this machine.
    """
    kernels = load_native()
    # A column of another type may hold what its own type cannot: the plain form looks.
    typed = [column.dtype for column in _arrays(keys)] == [*_TYPES]
    if kernels is None or not typed or choose_variant(forced) == PYTHON:
        yield from encode_keys(keys, tag)
    elif len(keys.key):
        yield from _blocks(kernels, keys, tag)


def _arrays(keys: DiagnosisKeys) -> tuple[NDArray[Any], ...]:
    return tuple(keys)


def _blocks(kernels: NativeKernels, keys: DiagnosisKeys, tag: int) -> Iterator[bytes]:
    columns = tuple(np.ascontiguousarray(column) for column in _arrays(keys))
    count = len(keys.period)
    if keys.key.shape != (count, KEY_BYTES):
        raise ValueError("keys are rows of 16 bytes")
    out = np.empty(min(count, BLOCK_KEYS) * kernels.EXPORT_MOST_RECORD, np.uint8)
    for begin in range(0, count, BLOCK_KEYS):
        end = min(begin + BLOCK_KEYS, count)
        written = kernels.export_write(columns, begin, end, tag, out)
        if not written:
            raise ValueError("a column of diagnosis keys is out of range")
        yield out[:written].tobytes()
