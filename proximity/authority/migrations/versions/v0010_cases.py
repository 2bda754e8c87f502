"""Cases, edges, what people shared, keys of contacts, transfers."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables of tracing."""
    _records()
    _shared()
    _published()


def _records() -> None:
    op.create_table(
        "cases",
        sa.Column("ref", sa.String(10), primary_key=True),
        sa.Column("classification", sa.String(2), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("person", sa.BigInteger),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("onset_day", sa.Integer),
        sa.Column("test_day", sa.Integer),
        sa.Column("test_result", sa.String(8)),
        sa.Column("from_day", sa.Integer),
        sa.Column("to_day", sa.Integer),
        sa.Column("isolated_day", sa.Integer),
        sa.Column("assigned", sa.String(254)),
        sa.Column("call_result", sa.String(12)),
        sa.Column("reached_s", sa.BigInteger),
        sa.Column("quarantine_from_day", sa.Integer),
        sa.Column("quarantine_to_day", sa.Integer),
        sa.Column("due_day", sa.Integer),
        sa.Column("created_s", sa.BigInteger, nullable=False),
        sa.Column("updated_s", sa.BigInteger, nullable=False),
        sa.Column("ended_s", sa.BigInteger),
        sa.Column("merged_into", sa.String(10)),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("cases_updated", "cases", ["updated_s", "ref"])
    op.create_index("cases_unit", "cases", ["unit", "updated_s"])
    op.create_index("cases_status", "cases", ["status", "updated_s"])
    op.create_index("cases_due", "cases", ["due_day", "unit"])
    op.create_index("cases_person", "cases", ["person"])
    op.create_index("cases_created", "cases", ["created_s"])
    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("actor", sa.String(254), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )
    op.create_index("case_events_ref", "case_events", ["ref", "at_s"])
    op.create_table(
        "case_edges",
        sa.Column("source", sa.String(10), primary_key=True),
        sa.Column("target", sa.String(10), primary_key=True),
        sa.Column("origin", sa.String(10), primary_key=True),
        sa.Column("verdict", sa.String(16)),
        sa.Column("level", sa.SmallInteger, nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("minutes", sa.Float, nullable=False),
        sa.Column("first_day", sa.Integer),
        sa.Column("last_day", sa.Integer),
        sa.Column("reasons", sa.Text),
        sa.Column("found_s", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_s", sa.BigInteger),
    )
    op.create_index("case_edges_target", "case_edges", ["target"])


def _shared() -> None:
    op.create_table(
        "share_tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False),
        sa.Column("source", sa.String(10)),
        sa.Column("first_day", sa.Integer, nullable=False),
        sa.Column("last_day", sa.Integer, nullable=False),
        sa.Column("recursive_from_day", sa.Integer),
        sa.Column("recursive_to_day", sa.Integer),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("issued_s", sa.BigInteger, nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sa.Column("public_key", sa.LargeBinary),
        sa.Column("package", sa.LargeBinary),
        sa.Column("answer", sa.Text),
        sa.Column("used_s", sa.BigInteger),
    )
    op.create_index("share_tokens_ref", "share_tokens", ["ref"])
    op.create_table(
        "shared_keys",
        sa.Column("ref", sa.String(10), primary_key=True),
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("period", sa.SmallInteger, nullable=False),
        sa.Column("forget_s", sa.BigInteger, nullable=False),
    )
    op.create_index("shared_keys_key", "shared_keys", ["key"])
    op.create_index("shared_keys_forget", "shared_keys", ["forget_s"])
    op.create_table(
        "heard_tags",
        sa.Column("ref", sa.String(10), primary_key=True),
        sa.Column("tag", sa.LargeBinary, primary_key=True),
        sa.Column("from_s", sa.BigInteger, primary_key=True),
        sa.Column("to_s", sa.BigInteger, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("claimed_by", sa.String(10)),
        sa.Column("forget_s", sa.BigInteger, nullable=False),
    )
    op.create_index("heard_tags_forget", "heard_tags", ["forget_s"])


def _published() -> None:
    op.create_table(
        "recursive_keys",
        sa.Column("key", sa.LargeBinary, primary_key=True),
        sa.Column("ref", sa.String(10)),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("period", sa.SmallInteger, nullable=False),
        sa.Column("onset_days", sa.SmallInteger, nullable=False),
        sa.Column("release_s", sa.BigInteger, nullable=False),
        sa.Column("batch", sa.Integer),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.Column("revoked_batch", sa.Integer),
        sa.Column("forget_s", sa.BigInteger, nullable=False),
    )
    op.create_index("recursive_keys_batch", "recursive_keys", ["batch", "release_s"])
    op.create_index("recursive_keys_ref", "recursive_keys", ["ref"])
    op.create_index("recursive_keys_forget", "recursive_keys", ["forget_s"])
    op.create_table(
        "recursive_files",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("end_s", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary),
    )
    op.create_table(
        "case_transfers",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("ref", sa.String(10), nullable=False),
        sa.Column("from_unit", sa.String(32), nullable=False),
        sa.Column("to_unit", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("offered_s", sa.BigInteger, nullable=False),
        sa.Column("offered_by", sa.String(254), nullable=False),
        sa.Column("decided_s", sa.BigInteger),
    )
    op.create_index("case_transfers_to", "case_transfers", ["to_unit", "state"])
    op.create_index("case_transfers_ref", "case_transfers", ["ref"])
