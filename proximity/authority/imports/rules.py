"""Which exports of another authority are believed, and which keys are taken."""

import io
from collections.abc import Iterable, Iterator

from proximity.authority.publish.rules import MAX_TRANSMISSION_RISK, is_stale
from proximity.authority.upload.model import AcceptedKey
from proximity.errors import ClockBehindError, PolicyError, TooLargeError
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.export import Export, open_export
from proximity.protocol.index_history import check_name
from proximity.protocol.key_file import MAX_ONSET_DISTANCE_DAYS
from proximity.protocol.signature import VerificationKey
from proximity.units import INTERVAL_S, INTERVALS_PER_DAY

# The key server of reference puts no more into a file.
MAX_KEYS_PER_EXPORT = 500_000
# The clocks of two authorities may differ by so much.
CLOCK_TOLERANCE_S = 7_200
_TAKEN = {
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
    ReportType.REVOKED,
}


def believed_export(
    name: str,
    content: bytes,
    verification_keys: Iterable[VerificationKey],
    *,
    regions: frozenset[str],
    now_s: int,
) -> Export:
    """Verify a file of another authority before anything of it is used.

    Parameters
    ----------
    name : str
        Its line in the index.
    content : bytes
        Bounded by the caller.
    verification_keys : iterable of VerificationKey
        Of the other authority.
    regions : frozenset of str
        The signed region has to be one of them: a true export for a third region,
        or of another service with the same key, is not for us.
    now_s : int
        Unix seconds.

    Returns
    -------
    Export

    Raises
    ------
    FormatError, TooLargeError
        If it is no export, or one of too many keys.
    BadSignatureError, UnknownSignerError
        If none of the keys signed it.
    ReplayedError
        If it is listed under the time of another.
    ClockBehindError
        If it ends after what this machine's clock shows.
    PolicyError
        If it is for another region.
    """
    export = open_export(io.BytesIO(content)).verify(verification_keys)
    check_name(name, export)
    if export.end_s > now_s + CLOCK_TOLERANCE_S:
        raise ClockBehindError(
            "The clock is behind a time that the other authority has signed.",
            "Set the clock of this machine. If it is right, tell the other authority.",
        )
    if export.region not in regions:
        raise PolicyError(
            "The export is for another region.",
            "Ask the other authority which of its addresses is for your region.",
        )
    if export.key_count + export.revised_count > MAX_KEYS_PER_EXPORT:
        raise TooLargeError(
            f"The export holds more than {MAX_KEYS_PER_EXPORT} keys.",
            "Ask the other authority to split its exports.",
        )
    return export


def takeable_keys(keys: DiagnosisKeys, now_s: int) -> Iterator[AcceptedKey]:
    """Yield the keys that may be published here, each once; the others are left out.

    A file is taken as far as it is sound: its publisher cannot be asked to correct it,
    and nobody is helped if its good keys are thrown away.
    """
    seen = set()
    rows = zip(*(column.tolist() for column in keys[1:]), strict=True)
    for data, (start, period, kind, onset, risk) in zip(keys.key, rows, strict=True):
        key = data.tobytes()
        sound = (
            key not in seen
            and 1 <= period <= INTERVALS_PER_DAY
            and 0 <= start * INTERVAL_S <= now_s
            and not is_stale(start + period, now_s)
            and kind in _TAKEN
            and 0 <= risk <= MAX_TRANSMISSION_RISK
            and (onset == NO_ONSET or abs(onset) <= MAX_ONSET_DISTANCE_DAYS)
        )
        if sound:
            seen.add(key)
            yield AcceptedKey(key, start, period, ReportType(kind), onset, risk)
