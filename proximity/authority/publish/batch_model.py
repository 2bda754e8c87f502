"""What publication from the database remembers: batches, and their files."""

from enum import StrEnum

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

from proximity.authority.database import METADATA


class BatchState(StrEnum):
    """How far a batch is; it only moves forward."""

    TAKEN = "taken"
    BUILT = "built"
    SHOWN = "shown"


batches = Table(
    "batches",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start_s", BigInteger, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    Column("state", String(8), nullable=False),
    # Of the file's new keys, how many were uploaded and how many invented; known when
    # it is built, and still when the keys themselves are forgotten.
    Column("uploaded", Integer),
    Column("invented", Integer),
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
