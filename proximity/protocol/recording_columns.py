"""Columns of whole numbers as bytes that compress well.

A column is one byte for the width w (1, 2, 4 or 8), then the lowest bytes of all its
numbers, then the next higher ones, and so on, w times. Numbers that change little from
one to the next are written as differences, zigzag: 0, -1, 1, -2 are 0, 1, 2, 3.
"""

import numpy as np
from numpy.typing import NDArray

from proximity.errors import FormatError
from proximity.protocol.recording_frame import HINT

_WIDTHS = (1, 2, 4, 8)


def encode_column(values: NDArray[np.int64]) -> bytes:
    """Encode numbers >= 0 in the least width that holds them all.

    Parameters
    ----------
    values : int64[n]

    Returns
    -------
    bytes
    """
    most = int(values.max(initial=0))
    width = next(w for w in _WIDTHS if most < 1 << 8 * w)
    planes = values.astype(f"<u{width}").view(np.uint8).reshape(len(values), width)
    return bytes((width,)) + planes.T.tobytes()


def encode_differences(values: NDArray[np.int64], before: int) -> bytes:
    """Encode numbers of either sign as zigzag differences, the first from `before`."""
    steps = np.diff(values, prepend=before)
    return encode_column((steps << 1) ^ (steps >> 63))


class ColumnReader:
    """Reads columns one after the other; what is missing is a `FormatError`.

    Parameters
    ----------
    data : bytes
        An inflated block.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, n: int) -> bytes:
        """Return the next n bytes."""
        end = self._position + n
        if end > len(self._data):
            raise FormatError("a block of the recording ends within a column", HINT)
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def column(self, n: int) -> NDArray[np.int64]:
        """Return the next n numbers, as `encode_column` wrote them; modulo 2**64."""
        width = self.take(1)[0]
        if width not in _WIDTHS:
            raise FormatError("a column of the recording has an unknown width", HINT)
        planes = np.frombuffer(self.take(n * width), np.uint8).reshape(width, n)
        numbers = np.ascontiguousarray(planes.T).view(f"<u{width}")
        return numbers.reshape(n).astype(np.uint64).view(np.int64)

    def differences(self, n: int, before: int) -> NDArray[np.int64]:
        """Return the next n numbers, as `encode_differences` wrote them."""
        zigzag = self.column(n).view(np.uint64)
        steps = (zigzag >> 1).view(np.int64) ^ -(zigzag & 1).view(np.int64)
        return np.cumsum(steps) + before

    def finish(self) -> None:
        """Refuse bytes that no column has claimed."""
        if self._position != len(self._data):
            raise FormatError("a block of the recording has bytes left over", HINT)
