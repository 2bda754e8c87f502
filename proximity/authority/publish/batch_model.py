"""What publication from the database remembers: batches, and their files."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from proximity.authority.database import METADATA


class BatchState(StrEnum):
    """How far a batch is; it only moves forward."""

    TAKEN = "taken"
    BUILT = "built"
    SHOWN = "shown"


# `key_count` is of people; `revised_count` of earlier batches go out changed. All keys
# of people in a batch are forgotten from `first_forget_s` to `last_forget_s`: that is
# how they are found.
batches = Table(
    "batches",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    Column("key_count", Integer, nullable=False, server_default="0"),
    Column("revised_count", Integer, nullable=False, server_default="0"),
    Column("padding_count", Integer, nullable=False, server_default="0"),
    Column("first_forget_s", BigInteger),
    Column("last_forget_s", BigInteger),
)

# `data` holds a signed file from the commit that built it until it is in the store.
files = Table(
    "files",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    Column("data", LargeBinary),
)
