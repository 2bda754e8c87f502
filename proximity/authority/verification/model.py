"""What verification remembers: codes as HMACs, spent tokens, API keys, counts."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from proximity.authority.database import METADATA


class TestType(StrEnum):
    """What a code stands for, by the names of the published API."""

    __test__ = False

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    NEGATIVE = "negative"
    USER_REPORT = "user-report"


class ApiKeyKind(StrEnum):
    """What a key of the API opens."""

    DEVICE = "device"
    ADMIN = "admin"
    STATS = "stats"


codes = Table(
    "codes",
    METADATA,
    Column("uuid", String(36), primary_key=True),
    Column("short_hmac", LargeBinary, unique=True),
    Column("long_hmac", LargeBinary, unique=True),
    Column("test_type", String(16), nullable=False),
    Column("symptom_day", Integer),
    Column("test_day", Integer),
    Column("issued_s", BigInteger, nullable=False),
    Column("short_until_s", BigInteger, nullable=False),
    Column("long_until_s", BigInteger, nullable=False),
    Column("claimed_s", BigInteger),
    Column("failures", Integer, nullable=False),
    Column("nonce_hmac", LargeBinary),
    Column("issuer", String(255), nullable=False),
    # Of the officer who issued it in the console.
    Column("unit", String(32)),
)
Index("codes_unit", codes.c.unit, codes.c.issued_s, codes.c.uuid)
Index("codes_issued", codes.c.issued_s)

tokens = Table(
    "tokens",
    METADATA,
    Column("jti", String(32), primary_key=True),
    Column("test_type", String(16), nullable=False),
    Column("symptom_day", Integer),
    Column("test_day", Integer),
    Column("until_s", BigInteger, nullable=False),
    Column("used_s", BigInteger),
)

phones = Table(
    "phones",
    METADATA,
    Column("phone_hmac", LargeBinary, primary_key=True),
    Column("until_s", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("revoked", Boolean, nullable=False),
)

# Failures within a span of time; a scope is a word or an HMAC, never an address.
attempts = Table(
    "attempts",
    METADATA,
    Column("scope", String(64), primary_key=True),
    Column("window_s", BigInteger, primary_key=True),
    Column("count", Integer, nullable=False),
)

daily_counts = Table(
    "daily_counts",
    METADATA,
    Column("day", Integer, primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
