"""A batch knows how many keys it has, and when these are forgotten.

Keys are no longer indexed by their batch: to give it to them then touches no index.
With PostgreSQL the new form of a row fits beside the old one on a page that is filled
by half, and no other place changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add what batches know, from the keys that are there; index keys by their end."""
    op.create_index("exposures_forget", "exposures", ["forget_s"])
    for name in ("key_count", "revised_count", "padding_count"):
        op.add_column(
            "batches", sa.Column(name, sa.Integer, nullable=False, server_default="0")
        )
    for name in ("first_forget_s", "last_forget_s"):
        op.add_column("batches", sa.Column(name, sa.BigInteger))
    op.execute(
        "UPDATE batches SET"
        " key_count = (SELECT count(*) FROM exposures"
        "  WHERE batch = batches.number AND origin <> 'padding'),"
        " padding_count = (SELECT count(*) FROM exposures"
        "  WHERE batch = batches.number AND origin = 'padding'),"
        " first_forget_s = (SELECT min(forget_s) FROM exposures"
        "  WHERE batch = batches.number),"
        " last_forget_s = (SELECT max(forget_s) FROM exposures"
        "  WHERE batch = batches.number),"
        " revised_count = (SELECT count(*) FROM exposures"
        "  WHERE revised_type IS NOT NULL AND revised_batch = batches.number)"
    )
    op.drop_index("exposures_batch", "exposures")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE exposures SET (fillfactor = 50)")
