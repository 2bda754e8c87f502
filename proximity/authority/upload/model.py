"""What upload takes in and remembers."""

from typing import NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
)

from proximity.authority.database import METADATA
from proximity.protocol.diagnosis_key import ReportType


class KeyUpload(msgspec.Struct, rename="camel"):
    """One key of a request, by the names of the published API."""

    key: str
    rolling_start_number: int
    rolling_period: int = 144
    transmission_risk: int = 0

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return "<KeyUpload>"


class PublishRequest(msgspec.Struct, rename="camel"):
    """The body of `POST /v1/publish`; what is unknown is ignored."""

    temporary_exposure_keys: list[KeyUpload]
    health_authority_id: str = msgspec.field(name="healthAuthorityID", default="")
    verification_payload: str = ""
    hmac_key: str = ""
    # The documentation of the reference spells it both ways.
    hmac_key_lower: str = msgspec.field(name="hmackey", default="")
    symptom_onset_interval: int = 0
    traveler: bool = False
    revision_token: str = ""
    padding: str = ""

    def __repr__(self) -> str:
        """Tell how many keys there are."""
        return f"<PublishRequest of {len(self.temporary_exposure_keys)} keys>"


class AcceptedKey(NamedTuple):
    """A key that holds all rules that concern it alone.

    Attributes
    ----------
    key : bytes
        16 bytes.
    start, period : int
        Ten-minute intervals.
    report_type : ReportType
    onset_days : int
        Day of the key minus day of symptom onset.
    risk : int
        0..8.
    """

    key: bytes
    start: int
    period: int
    report_type: ReportType
    onset_days: int
    risk: int

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return f"<AcceptedKey {self.report_type.name}>"


class Upload(NamedTuple):
    """One request whose certificate holds, ready to be stored.

    Attributes
    ----------
    keys : tuple of AcceptedKey
    traveler : bool
    token_keys : frozenset of (bytes, int, int) | None
        Key, start and period that the revision token allows to change; None without.
    certificate : bytes
        Digest of the signed part of the certificate.
    certificate_until_s : int
        Unix seconds until which it could be shown again.
    """

    keys: tuple[AcceptedKey, ...]
    traveler: bool
    token_keys: frozenset[tuple[bytes, int, int]] | None
    certificate: bytes
    certificate_until_s: int


# A row each key; the columns of the revision are filled once, when a published key
# changes. `batch` and `revised_batch` name the batch that took it. No index has the
# batch: to set it for a million keys then changes nothing but their rows.
exposures = Table(
    "exposures",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("period", SmallInteger, nullable=False),
    Column("report_type", SmallInteger, nullable=False),
    Column("onset_days", SmallInteger, nullable=False),
    Column("risk", SmallInteger, nullable=False),
    Column("region", String(16), nullable=False),
    Column("traveler", Boolean, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("release_s", BigInteger, nullable=False),
    Column("batch", Integer),
    Column("revised_type", SmallInteger),
    Column("revised_onset_days", SmallInteger),
    Column("revised_risk", SmallInteger),
    Column("revised_batch", Integer),
    Column("forget_s", BigInteger, nullable=False),
)
# Nearly all keys of a day are forgotten together: what comes in is at one end of it.
Index("exposures_forget", exposures.c.forget_s)
# Hardly any key is ever changed: the others are not in this index.
_CHANGED = exposures.c.revised_type.is_not(None)
Index(
    "exposures_revised",
    exposures.c.revised_batch,
    sqlite_where=_CHANGED,
    postgresql_where=_CHANGED,
)

certificates = Table(
    "certificates",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("inserted", Integer, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
