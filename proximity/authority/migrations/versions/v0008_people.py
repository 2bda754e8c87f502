"""Persons, sealed; the keyed hashes that find them; what citizens show."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables of people."""
    op.create_table(
        "persons",
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("key_id", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_s", sa.BigInteger, nullable=False),
        sa.Column("forget_day", sa.Integer, nullable=False),
        sa.Column("hold_day", sa.Integer, nullable=False),
        sa.Column("name", sa.LargeBinary),
        sa.Column("phone", sa.LargeBinary),
        sa.Column("id_number", sa.LargeBinary),
        sa.Column("address", sa.LargeBinary),
        sa.Column("notes", sa.LargeBinary),
        sa.Column("answers", sa.LargeBinary),
    )
    op.create_index("persons_unit", "persons", ["unit", "kind"])
    op.create_index("persons_forget", "persons", ["forget_day"])
    op.create_table(
        "person_tokens",
        sa.Column("token", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("person_tokens_person", "person_tokens", ["person"])
    op.create_table(
        "dead_keys", sa.Column("key_id", sa.LargeBinary(16), primary_key=True)
    )
    op.create_table(
        "citizen_receipts",
        sa.Column("receipt_hmac", sa.LargeBinary(32), primary_key=True),
        sa.Column("person", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "citizen_codes",
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("code_hmac", sa.LargeBinary(32), nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
    )
    op.create_table(
        "citizen_sessions",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("person", sa.BigInteger, nullable=False, index=True),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )
