"""Uploaded keys, and the certificates they came with."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of upload."""
    op.create_table(
        "exposures",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("period", sa.SmallInteger, nullable=False),
        sa.Column("report_type", sa.SmallInteger, nullable=False),
        sa.Column("onset_days", sa.SmallInteger, nullable=False),
        sa.Column("risk", sa.SmallInteger, nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("traveler", sa.Boolean, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("release_s", sa.BigInteger, nullable=False),
        sa.Column("batch", sa.Integer),
        sa.Column("revised_type", sa.SmallInteger),
        sa.Column("revised_onset_days", sa.SmallInteger),
        sa.Column("revised_risk", sa.SmallInteger),
        sa.Column("revised_batch", sa.Integer),
        sa.Column("forget_s", sa.BigInteger, nullable=False),
    )
    op.create_index("exposures_batch", "exposures", ["batch", "release_s"])
    changed = sa.text("revised_type IS NOT NULL")
    op.create_index(
        "exposures_revised",
        "exposures",
        ["revised_batch"],
        sqlite_where=changed,
        postgresql_where=changed,
    )
    op.create_table(
        "certificates",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("inserted", sa.Integer, nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
