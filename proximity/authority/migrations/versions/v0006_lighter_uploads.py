"""Less to write for an upload: fewer indexes, certificates in one tree."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the indexes of keys anew, and in SQLite the table of certificates."""
    op.drop_index("exposures_forget", "exposures")
    op.drop_index("exposures_revised", "exposures")
    changed = sa.text("revised_type IS NOT NULL")
    op.create_index(
        "exposures_revised",
        "exposures",
        ["revised_batch"],
        sqlite_where=changed,
        postgresql_where=changed,
    )
    if op.get_bind().dialect.name == "sqlite":
        # A table gets or loses the number of its rows only when it is made.
        op.rename_table("certificates", "certificates_before")
        op.create_table(
            "certificates",
            sa.Column("digest", sa.LargeBinary, primary_key=True),
            sa.Column("inserted", sa.Integer, nullable=False),
            sa.Column("until_s", sa.BigInteger, nullable=False),
            sqlite_with_rowid=False,
        )
        op.execute(
            "INSERT INTO certificates (digest, inserted, until_s)"
            " SELECT digest, inserted, until_s FROM certificates_before ORDER BY digest"
        )
        op.drop_table("certificates_before")
