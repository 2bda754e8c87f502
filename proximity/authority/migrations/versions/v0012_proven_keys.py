"""Of keys that a case shared: whether they are known to be its own."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the column; what was shared before counts as it did."""
    proven = sa.Column("proven", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("shared_keys", proven)
    keys = sa.table("shared_keys", sa.column("proven", sa.Boolean))
    op.execute(keys.update().values(proven=True))
