"""What is remembered of a person who signs in: never the password."""

from sqlalchemy import BigInteger, Column, String, Table

from proximity.authority.database import METADATA

accounts = Table(
    "accounts",
    METADATA,
    Column("email", String(254), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("made_s", BigInteger, nullable=False),
)
