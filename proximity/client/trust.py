"""Which exports a device believes: by their signature, their name and their time."""

import io
from collections.abc import Iterable

from proximity.errors import ClockBehindError
from proximity.protocol.export import Export, open_export
from proximity.protocol.index_history import check_name
from proximity.protocol.signature import VerificationKey

# Clocks drift; the same two hours that a match allows.
CLOCK_TOLERANCE_S = 7_200


def verify_export(
    name: str,
    content: bytes,
    verification_keys: Iterable[VerificationKey],
    *,
    newest_s: int,
    now_s: int,
) -> Export:
    """Verify a fetched export before anything of it is used.

    Parameters
    ----------
    name : str
        Its line in the index.
    content : bytes
        The file.
    verification_keys : iterable of VerificationKey
        The authority's pinned keys; a signature by one of them is enough.
    newest_s : int
        The latest end of any export that was processed, Unix seconds.
    now_s : int
        Unix seconds by this device's clock.

    Returns
    -------
    Export

    Raises
    ------
    FormatError
        If it is no export.
    BadSignatureError, UnknownSignerError
        If no pinned key signed it.
    ReplayedError
        If it is listed under the time of another.
    ClockBehindError
        If it, or one before it, ends after what this device's clock shows.
    """
    export = open_export(io.BytesIO(content)).verify(verification_keys)
    check_name(name, export)
    if max(newest_s, export.end_s) > now_s + CLOCK_TOLERANCE_S:
        raise ClockBehindError(
            "This device's clock is behind a time that the authority has signed.",
            "Set the clock by a source you trust, then update again. If it is "
            "right, tell the authority that its own was not.",
        )
    return export
