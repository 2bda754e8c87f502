"""What an upload does to the keys that are stored already."""

from dataclasses import dataclass, field
from typing import NamedTuple

from proximity.authority.api_error import ApiError
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.upload.rules import may_become
from proximity.protocol.diagnosis_key import ReportType

# The batch of keys that were withdrawn before anybody saw them.
WITHDRAWN = 0


@dataclass(slots=True)
class StoredKey:
    """A key in the database.

    Attributes
    ----------
    start, period : int
    report_type : ReportType
    batch : int | None
        Which batch took it; None while it waits.
    revised_type : ReportType | None
    """

    start: int
    period: int
    report_type: ReportType
    batch: int | None = None
    revised_type: ReportType | None = None


class Stored(NamedTuple):
    """What a device is told: its keys are durable."""

    inserted: int


@dataclass(slots=True)
class Changes:
    """What a group of uploads writes."""

    inserted: list[tuple[AcceptedKey, bool]] = field(default_factory=list)
    replaced: list[AcceptedKey] = field(default_factory=list)
    revised: list[AcceptedKey] = field(default_factory=list)
    certificates: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Tell the sizes."""
        return f"<Changes {len(self.inserted)} inserted>"


def decide(
    upload: Upload,
    stored: dict[bytes, StoredKey],
    spent: dict[bytes, int],
    changes: Changes,
) -> Stored | ApiError:
    """Decide one upload; what it changes is added to `stored`, `spent` and `changes`.

    A certificate that comes again has the same keys, for it names their HMAC: the
    device did not hear the first answer, and gets it again.

    Parameters
    ----------
    upload : Upload
    stored : dict of bytes to StoredKey
        Every key of the group that is there already.
    spent : dict of bytes to int
        Certificates that came before, and how many keys they brought.
    changes : Changes

    Returns
    -------
    Stored | ApiError
        An error has changed nothing.
    """
    before = spent.get(upload.certificate)
    if before is not None:
        return Stored(before)
    fresh = [key for key in upload.keys if key.key not in stored]
    known = [key for key in upload.keys if key.key in stored]
    if fresh and fresh[0].report_type is ReportType.REVOKED:
        return _refused("invalid_report_type_transition", "a key is not known")
    moving = []
    for key in known:
        problem = _problem_of(key, stored[key.key], upload)
        if problem is not None:
            return problem
        if _moves(key, stored[key.key]):
            moving.append(key)
    for key in moving:
        _revise(key, stored[key.key], changes)
    for key in fresh:
        stored[key.key] = StoredKey(key.start, key.period, key.report_type)
        changes.inserted.append((key, upload.traveler))
    spent[upload.certificate] = len(fresh)
    changes.certificates[upload.certificate] = (len(fresh), upload.certificate_until_s)
    return Stored(len(fresh))


def _problem_of(key: AcceptedKey, row: StoredKey, upload: Upload) -> ApiError | None:
    if upload.token_keys is None:
        return _refused("missing_revision_token", "a key was uploaded before")
    named = (key.key, row.start, row.period)
    if named not in upload.token_keys or (key.start, key.period) != named[1:]:
        return _refused("invalid_revision_token", "the token is for other keys")
    if not _moves(key, row):
        return None
    if row.revised_type is not None:
        return _refused("key_already_revised", "a key was changed before")
    if not may_become(row.report_type, key.report_type):
        return _refused("invalid_report_type_transition", "a key cannot change so")
    return None


def _moves(key: AcceptedKey, row: StoredKey) -> bool:
    return key.report_type is not (row.revised_type or row.report_type)


def _revise(key: AcceptedKey, row: StoredKey, changes: Changes) -> None:
    if row.batch is None:
        row.report_type = key.report_type
        changes.replaced.append(key)
    else:
        row.revised_type = key.report_type
        changes.revised.append(key)


def _refused(code: str, message: str) -> ApiError:
    return ApiError(400, code, message)
