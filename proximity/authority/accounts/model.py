"""What is remembered of the people who work here: units, officers, rights, sessions.

No column holds a password, a code or a session's token: only what proves that one knows
it. Secrets of a second factor are sealed by the keyring.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
)

from proximity.authority.database import METADATA

ROOT = "root"


class UnitKind(StrEnum):
    """What an organisation is."""

    AUTHORITY = "authority"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    SECTOR = "sector"
    VENUE_MANAGER = "venue-manager"


class Area(StrEnum):
    """A part of the console; rights are given by area."""

    CODES = "codes"
    CASES = "cases"
    CONTACTS = "contacts"
    PERSONAL = "personal"
    VENUES = "venues"
    STATISTICS = "statistics"
    PUBLICATION = "publication"
    KEYS = "keys"
    ACCOUNTS = "accounts"
    APPROVALS = "approvals"
    AUDIT = "audit"
    RETENTION = "retention"


class Level(IntEnum):
    """How far a right goes; the greater includes the smaller."""

    NONE = 0
    READ = 1
    WRITE = 2


class Role(StrEnum):
    """What somebody does in a unit; docs/reference/console.md has the table."""

    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    EPIDEMIOLOGIST = "epidemiologist"
    TRACER = "tracer"
    AUDITOR = "auditor"
    STATISTICIAN = "statistician"
    VENUE_MANAGER = "venue-manager"


class Action(NamedTuple):
    """To read or to write in an area."""

    area: Area
    level: Level

    def __str__(self) -> str:
        """Return for example "cases.write"."""
        return f"{self.area}.{self.level.name.lower()}"


class Unit(NamedTuple):
    """A place in the tree of organisations.

    Attributes
    ----------
    id : str
        Up to 32 characters; of the official list where there is one.
    path : str
        The IDs from the root down to this one, each followed by "/".
    """

    id: str
    path: str


ROOT_UNIT = Unit(ROOT, f"{ROOT}/")


class Grant(NamedTuple):
    """A role in a unit and all below it."""

    role: Role
    unit: Unit


class Officer(NamedTuple):
    """Somebody who signed in, with what they may do.

    Attributes
    ----------
    id : str
        Says nothing of the person; this is what logs and the audit hold.
    name, email : str
    unit : Unit
        Where the person works.
    grants : tuple of Grant
    """

    id: str
    name: str
    email: str
    unit: Unit
    grants: tuple[Grant, ...]

    def __repr__(self) -> str:
        """Tell the ID alone."""
        return f"<Officer {self.id}>"


organisations = Table(
    "organisations",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("parent", String(32)),
    Column("path", String(255), nullable=False, unique=True),
)

officers = Table(
    "officers",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(120), nullable=False),
    # Name and address as they are searched: without marks and capitals.
    Column("folded", String(400), nullable=False),
    Column("unit", String(32), ForeignKey("organisations.id"), nullable=False),
    Column("password_hash", String(255)),
    Column("totp_sealed", LargeBinary),
    # The step of the last code that was accepted: none is accepted twice.
    Column("totp_step", BigInteger),
    # Since when there is a second factor; kept when it is reset.
    Column("enrolled_s", BigInteger),
    Column("disabled_s", BigInteger),
    # The highest unit of whoever locked it: nobody below unlocks it.
    Column("disabled_in", String(32), ForeignKey("organisations.id")),
    Column("made_s", BigInteger, nullable=False),
)

grants = Table(
    "grants",
    METADATA,
    Column("officer", String(16), ForeignKey("officers.id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("unit", String(32), ForeignKey("organisations.id"), primary_key=True),
)

# One way to set oneself up, handed over by whoever made or reset the account.
enrolments = Table(
    "enrolments",
    METADATA,
    Column("officer", String(16), ForeignKey("officers.id"), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("until_s", BigInteger, nullable=False),
)

passkeys = Table(
    "passkeys",
    METADATA,
    Column("id", LargeBinary, primary_key=True),
    Column("officer", String(16), ForeignKey("officers.id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("label", String(60), nullable=False),
    Column("made_s", BigInteger, nullable=False),
)
Index("passkeys_officer", passkeys.c.officer)

# What an authenticator has to sign, once; bound to the browser that asked.
challenges = Table(
    "challenges",
    METADATA,
    Column("challenge", LargeBinary, primary_key=True),
    Column("browser", LargeBinary, nullable=False),
    Column("until_s", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("officer", String(16), ForeignKey("officers.id"), nullable=False),
    # How the officer proved who they are: "password", "totp", "passkey".
    Column("proof", String(16), nullable=False),
    Column("agent", String(60), nullable=False),
    Column("made_s", BigInteger, nullable=False),
    Column("seen_s", BigInteger, nullable=False),
    Column("ended_s", BigInteger),
)
Index("sessions_officer", sessions.c.officer)

approvals = Table(
    "approvals",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("unit", String(32), ForeignKey("organisations.id"), nullable=False),
    # Whom it concerns, if anybody: they never decide.
    Column("subject", String(64), nullable=False),
    Column("details", Text, nullable=False),
    Column("asked_by", String(16), ForeignKey("officers.id"), nullable=False),
    Column("asked_s", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", String(16), ForeignKey("officers.id")),
    Column("decided_s", BigInteger),
)
Index("approvals_state", approvals.c.state, approvals.c.asked_s)
