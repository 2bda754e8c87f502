"""What is stored of a person: ciphertext, keyed hashes, and days."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from proximity.authority.database import METADATA


class PersonKind(StrEnum):
    """Why the authority knows a person; decides how long."""

    CASE = "case"
    CONTACT = "contact"


class PersonField(StrEnum):
    """What is sealed of a person; each is a column of its own."""

    NAME = "name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    ADDRESS = "address"
    NOTES = "notes"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person who is not known yet.

    Attributes
    ----------
    unit : str
        Whose officers look after them.
    kind : PersonKind
    values : mapping of PersonField to str
        As a person or a device wrote them; checked and normalised on the way in.
    """

    unit: str
    kind: PersonKind
    values: Mapping[PersonField, str]

    def __repr__(self) -> str:
        """Tell the kind."""
        return f"<NewPerson {self.kind}>"


@dataclass(frozen=True, slots=True)
class PersonView:
    """What one reading showed of a person.

    Attributes
    ----------
    person : int
    unit : str
    kind : PersonKind
    version : int
        Grows with each correction.
    forget_day : int
        UTC day number on which the record key is destroyed.
    values : mapping of PersonField to str
        Only what was asked for, and only what is known.
    """

    person: int
    unit: str
    kind: PersonKind
    version: int
    forget_day: int
    values: Mapping[PersonField, str]

    def __repr__(self) -> str:
        """Tell the number."""
        return f"<PersonView {self.person}>"


persons = Table(
    "persons",
    METADATA,
    # A random number below 2^52: it says nothing of when a person became known.
    Column("person", BigInteger, primary_key=True, autoincrement=False),
    Column("unit", String(64), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("key_id", LargeBinary(16), nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("made_s", BigInteger, nullable=False),
    Column("forget_day", Integer, nullable=False),
    # Until this day an erasure that the person asks for has to wait.
    Column("hold_day", Integer, nullable=False),
    *(Column(field.value, LargeBinary) for field in PersonField),
)
Index("persons_unit", persons.c.unit, persons.c.kind)
Index("persons_forget", persons.c.forget_day)

# How many persons are forgotten on a day: the same as counting `persons`, for pages
# that cannot count a million rows each time.
person_counts = Table(
    "person_counts",
    METADATA,
    Column("unit", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("forget_day", Integer, primary_key=True),
    Column("people", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Keyed hashes by which a person is found; see `search`.
person_tokens = Table(
    "person_tokens",
    METADATA,
    Column("token", BigInteger, primary_key=True, autoincrement=False),
    Column("person", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("person_tokens_person", person_tokens.c.person)

# Record keys that no committed row needs: destroyed as soon as somebody can.
dead_keys = Table(
    "dead_keys",
    METADATA,
    Column("key_id", LargeBinary(16), primary_key=True),
)

citizen_receipts = Table(
    "citizen_receipts",
    METADATA,
    Column("receipt_hmac", LargeBinary(32), primary_key=True),
    Column("person", BigInteger, nullable=False, index=True),
)

citizen_codes = Table(
    "citizen_codes",
    METADATA,
    Column("person", BigInteger, primary_key=True, autoincrement=False),
    Column("code_hmac", LargeBinary(32), nullable=False),
    Column("until_s", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
)

citizen_sessions = Table(
    "citizen_sessions",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("person", BigInteger, nullable=False, index=True),
    Column("until_s", BigInteger, nullable=False),
)
