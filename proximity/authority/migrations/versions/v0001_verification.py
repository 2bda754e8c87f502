"""Secrets, codes, tokens, API keys, counts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of verification."""
    op.create_table(
        "secrets",
        sa.Column("kid", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("active_s", sa.BigInteger, nullable=False),
        sa.Column("retired_s", sa.BigInteger),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "codes",
        sa.Column("uuid", sa.String(36), primary_key=True),
        sa.Column("short_hmac", sa.LargeBinary, unique=True),
        sa.Column("long_hmac", sa.LargeBinary, unique=True),
        sa.Column("test_type", sa.String(16), nullable=False),
        sa.Column("symptom_day", sa.Integer),
        sa.Column("test_day", sa.Integer),
        sa.Column("issued_s", sa.BigInteger, nullable=False),
        sa.Column("short_until_s", sa.BigInteger, nullable=False),
        sa.Column("long_until_s", sa.BigInteger, nullable=False),
        sa.Column("claimed_s", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("nonce_hmac", sa.LargeBinary),
        sa.Column("issuer", sa.String(255), nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("jti", sa.String(32), primary_key=True),
        sa.Column("test_type", sa.String(16), nullable=False),
        sa.Column("symptom_day", sa.Integer),
        sa.Column("test_day", sa.Integer),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sa.Column("used_s", sa.BigInteger),
    )
    op.create_table(
        "phones",
        sa.Column("phone_hmac", sa.LargeBinary, primary_key=True),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("window_s", sa.BigInteger, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "daily_counts",
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
