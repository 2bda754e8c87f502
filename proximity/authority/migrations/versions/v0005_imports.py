"""Other authorities whose exports are imported, and what of them is done."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables of imports."""
    op.create_table(
        "import_sources",
        sa.Column("region", sa.String(16), primary_key=True),
        sa.Column("url", sa.String(2_000), nullable=False),
        sa.Column("public_keys", sa.Text, nullable=False),
        sa.Column("index_lines", sa.Text, nullable=False),
    )
    op.create_table(
        "imported_files",
        sa.Column("region", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("done_s", sa.BigInteger, nullable=False),
    )
