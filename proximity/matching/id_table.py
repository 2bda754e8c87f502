"""The exact table as the kernels take it; native/table.h has its form."""

import secrets
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SECRET_BYTES = 40
_LEAST_ROOM = 64

Uint32s = NDArray[np.uint32]


class IdTable(NamedTuple):
    """The columns of a table.

    Attributes
    ----------
    ids : uint8[n, 16]
        By row; an ID of fewer bytes is filled up with zeros.
    head : uint32[2**b]
        By bucket: the newest row of its chain plus one, or 0.
    next, first : uint32[>= n]
        By row: the next of its chain plus one, or 0; the first row of the same ID.
    secret : uint64[5]
        What the hash is keyed with, drawn for this table alone: senders choose IDs.
    """

    ids: NDArray[np.uint8]
    head: Uint32s
    next: Uint32s
    first: Uint32s
    secret: NDArray[np.uint64]

    def __repr__(self) -> str:
        """Tell how many rows there are, never the IDs or the secret."""
        return f"<IdTable n={len(self.ids)}>"


def new_table(ids: NDArray[np.uint8]) -> IdTable:
    """Return a table without rows in it, with room for twice as many as there are IDs.

    Parameters
    ----------
    ids : uint8[n, 16]

    Returns
    -------
    IdTable
    """
    room = 2 * max(len(ids), _LEAST_ROOM)
    return IdTable(
        ids=ids,
        head=np.zeros(1 << (room - 1).bit_length(), np.uint32),
        next=np.zeros(room, np.uint32),
        first=np.zeros(room, np.uint32),
        secret=np.frombuffer(secrets.token_bytes(_SECRET_BYTES), np.uint64),
    )
