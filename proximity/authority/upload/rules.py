"""The rules of upload: which keys a certificate covers, which are taken, what changes.

They are those of the key server of reference: its clients find the same answers.
"""

import base64
import binascii
import hmac
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from proximity.authority.api_error import ApiError
from proximity.authority.publish.rules import (
    EMBARGO_S,
    MAX_KEYS_PER_FILE,
    MAX_TRANSMISSION_RISK,
)
from proximity.authority.upload.model import AcceptedKey, KeyUpload
from proximity.protocol.diagnosis_key import REVISIONS, ReportType
from proximity.protocol.key_file import (
    KEY_BYTES,
    MAX_KEYS_PER_START,
    MAX_ONSET_DISTANCE_DAYS,
)
from proximity.units import DAY_S, INTERVAL_S, INTERVALS_PER_DAY

MAX_AGE_S = 15 * DAY_S
KEPT_S = 14 * DAY_S
MAX_ONSET_AGE_DAYS = 28
# Where no onset is known, the day four days back stands in.
_ASSUMED_ONSET_DAYS = 4
_REPORT_TYPES = {
    "confirmed": ReportType.CONFIRMED_TEST,
    "likely": ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    "user-report": ReportType.SELF_REPORT,
    "negative": ReportType.REVOKED,
}
_DEFAULT_RISKS = {
    ReportType.CONFIRMED_TEST: 2,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS: 4,
    ReportType.SELF_REPORT: 5,
    ReportType.REVOKED: 6,
}


class CheckedKeys(NamedTuple):
    """What of a request may be stored.

    Attributes
    ----------
    keys : tuple of AcceptedKey
    problems : tuple of str
        Why others were left out; they name an entry by its place, never by its key.
    warnings : tuple of str
    """

    keys: tuple[AcceptedKey, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check_mac(keys: Sequence[KeyUpload], hmac_key: str, tek_mac: object) -> bool:
    """Tell whether a certificate's HMAC is that of these keys.

    Source: docs/reference/authority-api.md#the-hmac-of-keys.
    """
    try:
        secret = base64.b64decode(hmac_key, validate=True)
        expected = base64.b64decode(str(tek_mac), validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(secret) < 16:
        return False
    ordered = sorted(keys, key=lambda each: each.key)
    parts = [f"{k.key}.{k.rolling_start_number}.{k.rolling_period}" for k in ordered]
    risks = [k.transmission_risk for k in ordered]
    full = [f"{part}.{risk}" for part, risk in zip(parts, risks, strict=True)]
    forms = [full] if any(risks) else [full, parts]
    return any(
        hmac.compare_digest(
            hmac.digest(secret, ",".join(form).encode(), "sha256"), expected
        )
        for form in forms
    )


def report_type_of(name: object) -> ReportType | None:
    """Return the report type that a certificate names, None if there is no such."""
    return _REPORT_TYPES.get(name) if isinstance(name, str) else None


def check_keys(
    keys: Sequence[KeyUpload],
    report_type: ReportType,
    *,
    onset_interval: int,
    now_s: int,
) -> CheckedKeys:
    """Apply the rules that need nothing but the request and the time.

    Parameters
    ----------
    keys : sequence of KeyUpload
    report_type : ReportType
    onset_interval : int
        Of symptom onset; 0, or one that is not in the last 28 days, counts as four
        days ago.
    now_s : int
        Unix seconds.

    Returns
    -------
    CheckedKeys

    Raises
    ------
    ApiError
        If the request as a whole is refused.
    """
    if not keys:
        raise bad_request("no exposure keys in publish request")
    if len(keys) > MAX_KEYS_PER_FILE:
        raise bad_request(
            f"too many exposure keys in publish: {len(keys)}, "
            f"max of {MAX_KEYS_PER_FILE} is allowed"
        )
    onset = _sound_onset(onset_interval, now_s)
    accepted, problems, warnings = [], [], []
    for place, key in enumerate(keys):
        data = _key_bytes(key.key)
        problem = _problem_of(key, data, now_s)
        if problem is not None:
            problems.append(f"key {place} cannot be imported: {problem}")
            continue
        days = _days_between(onset, key.rolling_start_number)
        if abs(days) > MAX_ONSET_DISTANCE_DAYS:
            warnings.append(
                f"key {place} symptom onset is too large, {days} > "
                f"{MAX_ONSET_DISTANCE_DAYS} - skipping"
            )
            continue
        risk = key.transmission_risk or _DEFAULT_RISKS[report_type]
        accepted.append(
            AcceptedKey(
                data,
                key.rolling_start_number,
                key.rolling_period,
                report_type,
                days,
                risk,
            )
        )
    _check_together(accepted)
    if not accepted:
        raise bad_request("; ".join([*problems, *warnings]))
    return CheckedKeys(tuple(accepted), tuple(problems), tuple(warnings))


def release_time(start: int, period: int) -> int:
    """Return from when on a key may be published, Unix seconds."""
    return (start + period) * INTERVAL_S + EMBARGO_S


def may_become(before: ReportType, after: ReportType) -> bool:
    """Tell whether a key of the one report may become one of the other."""
    return after in REVISIONS.get(before, set())


def bad_request(message: str) -> ApiError:
    """Return the refusal of a request as a whole."""
    return ApiError(400, "bad_request", message)


def _key_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _problem_of(key: KeyUpload, data: bytes, now_s: int) -> str | None:
    start, period = key.rolling_start_number, key.rolling_period
    if len(data) != KEY_BYTES:
        return f"invalid key length, must be {KEY_BYTES}"
    if not 1 <= period <= INTERVALS_PER_DAY:
        return f"invalid interval count, must be >= 1 && <= {INTERVALS_PER_DAY}"
    if not 0 <= key.transmission_risk <= MAX_TRANSMISSION_RISK:
        return f"invalid transmission risk, must be >= 0 && <= {MAX_TRANSMISSION_RISK}"
    if start * INTERVAL_S > now_s:
        return "interval number is in the future"
    if start < 0 or (start + period) * INTERVAL_S < now_s - MAX_AGE_S:
        return "interval number is too old"
    return None


def _check_together(keys: Sequence[AcceptedKey]) -> None:
    if len({key.key for key in keys}) < len(keys):
        raise bad_request("a key is in the request twice")
    starts = Counter(key.start for key in keys)
    if max(starts.values(), default=0) > MAX_KEYS_PER_START:
        raise bad_request(
            f"too many overlapping keys for start interval, max of "
            f"{MAX_KEYS_PER_START} is allowed"
        )
    end, group_end, group_start = 0, 0, -1
    for key in sorted(keys, key=lambda each: each.start):
        if key.start != group_start:
            end, group_start = max(end, group_end), key.start
        if key.start < end:
            raise bad_request("key intervals are non-aligned and overlap")
        group_end = max(group_end, key.start + key.period)


def _sound_onset(interval: int, now_s: int) -> int:
    now = now_s // INTERVAL_S
    if now - MAX_ONSET_AGE_DAYS * INTERVALS_PER_DAY <= interval <= now:
        return interval
    return now - _ASSUMED_ONSET_DAYS * INTERVALS_PER_DAY


def _days_between(onset: int, start: int) -> int:
    """Return whole days from onset to a key, to the nearer one; half counts down."""
    days, rest = divmod(abs(start - onset), INTERVALS_PER_DAY)
    days += rest > INTERVALS_PER_DAY // 2
    return days if start >= onset else -days
