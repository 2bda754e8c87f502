"""What the authority remembers between two runs of publication."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import UploadedKey

DEFAULT_REGION = "VN"
# The figures of the key server of reference: at least 1000 keys a batch, and a
# file that phones of 2020 can still match.
DEFAULT_MINIMUM = 1_000
DEFAULT_MAX_KEYS = 500_000
# A larger batch than phones can match hides nobody better.
MAX_MINIMUM = DEFAULT_MAX_KEYS
_REGION = re.compile(r"[A-Za-z0-9-]{1,16}")


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """How keys are published.

    Attributes
    ----------
    region : str
        Region code that every export names, for example "VN"; 1 to 16 letters,
        digits and hyphens.
    minimum : int
        A batch with at least one new key is padded to this many keys and, at
        random, up to a tenth more; 0 pads nothing, 500,000 is the most.
    max_keys : int
        A batch with more keys than this becomes several files.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    region: str = DEFAULT_REGION
    minimum: int = DEFAULT_MINIMUM
    max_keys: int = DEFAULT_MAX_KEYS

    def __post_init__(self) -> None:
        """Refuse what no export could say."""
        if not is_region(self.region):
            raise ValueError("a region code is 1 to 16 letters, digits and hyphens")
        if not 0 <= self.minimum <= MAX_MINIMUM or self.max_keys < 1:
            raise ValueError(f"minimum is 0 to {MAX_MINIMUM}, max_keys is at least 1")


class KnownKey(NamedTuple):
    """What is remembered of a key that was accepted; the key itself is not.

    Attributes
    ----------
    start_interval, period : int
        Its validity, in ten-minute intervals.
    report_type : ReportType
        The last one accepted.
    """

    start_interval: int
    period: int
    report_type: ReportType


@dataclass(frozen=True, slots=True)
class WaitingKey:
    """A key that was accepted and is not yet in an export.

    Attributes
    ----------
    upload : UploadedKey
    revised : bool
        An earlier export holds it; it goes out among the revised keys.
    """

    upload: UploadedKey
    revised: bool


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of the published directory.

    Attributes
    ----------
    name : str
        Its line in the index.
    end_s : int
        End of the time that it covers, Unix seconds.
    """

    name: str
    end_s: int


@dataclass(slots=True)
class AuthorityState:
    """Everything that must survive a crash, written as one file.

    Attributes
    ----------
    region : str
        Fixed by the first run.
    waiting : dict of str to WaitingKey
        By digest of the key.
    known : dict of str to KnownKey
        Every accepted key, by digest, as long as it could be handed in again.
    files : list of PublishedFile
        The published files, oldest first; in the index until they expire.
    end_s : int
        End of the last batch, Unix seconds; 0 before the first.
    """

    region: str
    waiting: dict[str, WaitingKey] = field(default_factory=dict)
    known: dict[str, KnownKey] = field(default_factory=dict)
    files: list[PublishedFile] = field(default_factory=list)
    end_s: int = 0

    def __repr__(self) -> str:
        """Tell the sizes, never a key."""
        return (
            f"<AuthorityState {self.region} waiting={len(self.waiting)} "
            f"known={len(self.known)} files={len(self.files)}>"
        )


def is_region(text: str) -> bool:
    """Tell whether a text can be a region code."""
    return _REGION.fullmatch(text) is not None


def key_digest(key: bytes) -> str:
    """Return the SHA-256 of a key in lower-case hex; names it without telling it."""
    return hashlib.sha256(key).hexdigest()
