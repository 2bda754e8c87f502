"""The rules of publication: what is accepted, what goes out, what hides it."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from proximity.authority.publish.model import (
    AuthorityState,
    KnownKey,
    WaitingKey,
    key_digest,
)
from proximity.errors import InvalidUploadError
from proximity.protocol.diagnosis_key import (
    NO_ONSET,
    DiagnosisKeys,
    ReportType,
    concatenate_keys,
)
from proximity.protocol.export_columns import select_keys
from proximity.protocol.key_file import (
    KEY_BYTES,
    MAX_KEYS_PER_START,
    MAX_ONSET_DISTANCE_DAYS,
    UploadedKey,
)
from proximity.units import DAY_S, INTERVAL_S, INTERVALS_PER_DAY

MAX_KEYS_PER_FILE = 30
RETENTION_S = 14 * DAY_S
# A receiver accepts an ephemeral ID up to 2 h after its interval. A key published
# earlier than that lets anyone send IDs that will match ("time travel").
EMBARGO_S = 7_200
MAX_TRANSMISSION_RISK = 8

# The changes that clients apply to a key they already have; a test may turn a
# suspicion into a certainty, and anything may turn out wrong.
_TRANSITIONS = {
    ReportType.SELF_REPORT: {
        ReportType.CONFIRMED_TEST,
        ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    },
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS: {ReportType.CONFIRMED_TEST},
}
_PUBLISHABLE = {
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
    ReportType.REVOKED,
}


def check_upload(keys: Sequence[UploadedKey], *, now_s: int) -> None:
    """Refuse the keys of one person unless every one may be published.

    Parameters
    ----------
    keys : sequence of UploadedKey
        In the order of their file; an error names an entry by its place, from 1.
    now_s : int
        Unix seconds.

    Raises
    ------
    InvalidUploadError
        Source: docs/reference/published-directory.md#what-is-accepted.
    """
    if not 1 <= len(keys) <= MAX_KEYS_PER_FILE:
        raise _invalid(
            f"the file holds {len(keys)} keys, 1 to {MAX_KEYS_PER_FILE} are allowed"
        )
    for number, key in enumerate(keys, 1):
        problem = _problem_of(key, now_s)
        if problem is not None:
            raise _invalid(f"entry {number}: {problem}")
    _check_together(keys)


def accept_key(state: AuthorityState, key: UploadedKey, number: int) -> bool:
    """Take one checked key into the state.

    Parameters
    ----------
    state : AuthorityState
        Changed in place.
    key : UploadedKey
    number : int
        The place of the key in its file, for errors.

    Returns
    -------
    bool
        False if the same key with the same report was accepted before: handing in
        a file twice does nothing.

    Raises
    ------
    InvalidUploadError
        If the key was accepted with another validity, if its report type may not
        follow the earlier one, or if it revokes a key that is not known.
    """
    digest = key_digest(key.key)
    known = state.known.get(digest)
    if known is None:
        if key.report_type is ReportType.REVOKED:
            raise _invalid(f"entry {number} revokes a key that was not published")
    elif (known.start_interval, known.period) != (key.start_interval, key.period):
        raise _invalid(f"entry {number} is known with another start or period")
    elif known.report_type is key.report_type:
        return False
    elif not _may_follow(known.report_type, key.report_type):
        raise _invalid(
            f"entry {number} was accepted as {known.report_type.name}, "
            f"which cannot become {key.report_type.name}"
        )
    waiting = state.waiting.pop(digest, None)
    revised = known is not None and (waiting is None or waiting.revised)
    if revised or key.report_type is not ReportType.REVOKED:
        state.waiting[digest] = WaitingKey(key, revised)
    state.known[digest] = KnownKey(key.start_interval, key.period, key.report_type)
    return True


def is_released(waiting: WaitingKey, end_s: int) -> bool:
    """Tell whether a batch that ends at `end_s` (Unix seconds) may hold the key."""
    end_of_key_s = waiting.upload.end_interval * INTERVAL_S
    return waiting.revised or end_of_key_s + EMBARGO_S <= end_s


def is_stale(end_interval: int, now_s: int) -> bool:
    """Tell whether a key ended so long ago that it is neither accepted nor kept."""
    return end_interval * INTERVAL_S < now_s - RETENTION_S


def key_columns(keys: Sequence[UploadedKey]) -> DiagnosisKeys:
    """Put checked keys into columns, in their order."""
    onset = [
        NO_ONSET if k.days_since_onset is None else k.days_since_onset for k in keys
    ]
    return DiagnosisKeys(
        key=_key_rows(b"".join(key.key for key in keys)),
        start_interval=np.array([key.start_interval for key in keys], np.int64),
        period=np.array([key.period for key in keys], np.int64),
        report_type=np.array([key.report_type for key in keys], np.uint8),
        days_since_onset=np.array(onset, np.int16),
        transmission_risk=np.array([key.transmission_risk for key in keys], np.uint8),
    )


def pad_keys(
    keys: DiagnosisKeys, minimum: int, entropy: Callable[[int], bytes]
) -> DiagnosisKeys:
    """Add keys that nobody ever had until the batch hides how small it is.

    Each has the fields of a real key and random bytes, so nothing tells it from one.

    Parameters
    ----------
    keys : DiagnosisKeys
        Real ones; none stay none.
    minimum : int >= 0
        The result has at least so many rows, and at random up to a tenth more.
    entropy : callable int -> bytes
        Gives so many random bytes.

    Returns
    -------
    DiagnosisKeys
        Real ones first; whoever writes them sorts them by their bytes.
    """
    real = len(keys.key)
    if real == 0:
        return keys
    target = minimum + int(_random_below(minimum // 10 + 1, 1, entropy)[0])
    missing = max(0, target - real)
    like = select_keys(keys, _random_below(real, missing, entropy))
    invented = like._replace(key=_key_rows(entropy(KEY_BYTES * missing)))
    return concatenate_keys([keys, invented])


def _problem_of(key: UploadedKey, now_s: int) -> str | None:
    onset = key.days_since_onset
    checks = (
        (len(key.key) == KEY_BYTES, f"the key has not {KEY_BYTES} bytes"),
        (1 <= key.period <= INTERVALS_PER_DAY, "its period is not 1 to 144"),
        (key.start_interval >= 0, "it starts before 1970"),
        (key.start_interval * INTERVAL_S <= now_s, "it starts in the future"),
        (
            # A file is revoked as a whole, also when its first days are over.
            key.report_type is ReportType.REVOKED
            or not is_stale(key.end_interval, now_s),
            "it ended more than 14 days ago",
        ),
        (
            onset is None or abs(onset) <= MAX_ONSET_DISTANCE_DAYS,
            "its day is more than 14 days from the onset",
        ),
        (
            0 <= key.transmission_risk <= MAX_TRANSMISSION_RISK,
            "its transmission risk is not 0 to 8",
        ),
        (key.report_type in _PUBLISHABLE, f"{key.report_type.name} is not published"),
    )
    return next((problem for holds, problem in checks if not holds), None)


def _check_together(keys: Sequence[UploadedKey]) -> None:
    if len({key.key for key in keys}) < len(keys):
        raise _invalid("a key is in the file twice")
    starts = Counter(key.start_interval for key in keys)
    if max(starts.values()) > MAX_KEYS_PER_START:
        raise _invalid(f"more than {MAX_KEYS_PER_START} keys have one start")
    in_time = sorted(enumerate(keys, 1), key=lambda item: item[1].start_interval)
    end = 0
    end_of_group, start_of_group = 0, -1
    for number, key in in_time:
        if key.start_interval != start_of_group:
            end = max(end, end_of_group)
            start_of_group = key.start_interval
        if key.start_interval < end:
            raise _invalid(f"entry {number} overlaps a key with another start")
        end_of_group = max(end_of_group, key.end_interval)


def _may_follow(before: ReportType, after: ReportType) -> bool:
    if after is ReportType.REVOKED:
        return True
    return after in _TRANSITIONS.get(before, set())


def _key_rows(data: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(data, np.uint8).reshape(-1, KEY_BYTES)


def _random_below(
    bound: int, count: int, entropy: Callable[[int], bytes]
) -> NDArray[np.int64]:
    # 64 random bits modulo a bound below 2**20 are biased by less than 2**-44.
    drawn = np.frombuffer(entropy(8 * count), np.uint64)
    return (drawn % np.uint64(bound)).astype(np.int64)


def _invalid(what: str) -> InvalidUploadError:
    return InvalidUploadError(
        f"{what}.",
        "Nothing of this run was accepted. Correct or leave out that entry; the "
        "rules are in docs/reference/published-directory.md.",
    )
