"""What is remembered of cases, of edges between them, and of what people shared.

Nothing here says who somebody is: `person` names a record that is sealed elsewhere.
IDs of third persons are never here; a case's log holds tags with a salt of its own.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    false,
)

from proximity.authority.database import METADATA

cases = Table(
    "cases",
    METADATA,
    Column("ref", String(10), primary_key=True),
    Column("classification", String(2), nullable=False),
    Column("status", String(10), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("person", BigInteger),
    Column("origin", String(10), nullable=False),
    Column("onset_day", Integer),
    Column("test_day", Integer),
    Column("test_result", String(8)),
    Column("from_day", Integer),
    Column("to_day", Integer),
    Column("isolated_day", Integer),
    Column("assigned", String(254)),
    Column("call_result", String(12)),
    Column("reached_s", BigInteger),
    Column("quarantine_from_day", Integer),
    Column("quarantine_to_day", Integer),
    Column("due_day", Integer),
    Column("created_s", BigInteger, nullable=False),
    Column("updated_s", BigInteger, nullable=False),
    Column("ended_s", BigInteger),
    Column("merged_into", String(10)),
    Column("version", Integer, nullable=False),
)
Index("cases_updated", cases.c.updated_s, cases.c.ref)
# Lists of one unit, and by them of several: see `unit_lists`.
Index("cases_unit", cases.c.unit, cases.c.updated_s, cases.c.ref)
Index(
    "cases_unit_classification",
    cases.c.unit,
    cases.c.classification,
    cases.c.updated_s,
    cases.c.ref,
)
Index(
    "cases_unit_status",
    cases.c.unit,
    cases.c.status,
    cases.c.updated_s,
    cases.c.ref,
    cases.c.classification,
)
_IS_DUE = cases.c.due_day.is_not(None)
Index(
    "cases_unit_due",
    cases.c.unit,
    cases.c.assigned,
    cases.c.due_day,
    cases.c.ref,
    sqlite_where=_IS_DUE,
    postgresql_where=_IS_DUE,
)
_HAS_ONSET = cases.c.onset_day.is_not(None)
Index(
    "cases_onset",
    cases.c.onset_day,
    sqlite_where=_HAS_ONSET,
    postgresql_where=_HAS_ONSET,
)
Index("cases_due", cases.c.due_day, cases.c.unit)
Index("cases_person", cases.c.person)
Index("cases_created", cases.c.created_s)

case_events = Table(
    "case_events",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ref", String(10), nullable=False),
    Column("at_s", BigInteger, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("actor", String(254), nullable=False),
    Column("detail", Text, nullable=False),
)
Index("case_events_ref", case_events.c.ref, case_events.c.at_s)

edges = Table(
    "case_edges",
    METADATA,
    Column("source", String(10), primary_key=True),
    Column("target", String(10), primary_key=True),
    Column("origin", String(10), primary_key=True),
    Column("verdict", String(16)),
    Column("level", SmallInteger, nullable=False),
    Column("value", Float, nullable=False),
    Column("minutes", Float, nullable=False),
    Column("first_day", Integer),
    Column("last_day", Integer),
    Column("reasons", Text),
    Column("found_s", BigInteger, nullable=False),
    Column("withdrawn_s", BigInteger),
)
Index("case_edges_target", edges.c.target)

# A row each asking of one person; only a digest of the token is kept.
share_tokens = Table(
    "share_tokens",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("ref", String(10), nullable=False),
    Column("source", String(10)),
    Column("first_day", Integer, nullable=False),
    Column("last_day", Integer, nullable=False),
    Column("recursive_from_day", Integer),
    Column("recursive_to_day", Integer),
    Column("nonce", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("issued_s", BigInteger, nullable=False),
    Column("until_s", BigInteger, nullable=False),
    Column("public_key", LargeBinary),
    Column("package", LargeBinary),
    # What the person was told, for a device that did not hear it.
    Column("answer", Text),
    Column("used_s", BigInteger),
)
Index("share_tokens_ref", share_tokens.c.ref)

shared_keys = Table(
    "shared_keys",
    METADATA,
    Column("ref", String(10), primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("start", Integer, nullable=False),
    Column("period", SmallInteger, nullable=False),
    Column("forget_s", BigInteger, nullable=False),
    # Known to be the person's own: only such a key is taken back for them.
    Column("proven", Boolean, nullable=False, server_default=false()),
)
Index("shared_keys_key", shared_keys.c.key)
Index("shared_keys_forget", shared_keys.c.forget_s)

heard_tags = Table(
    "heard_tags",
    METADATA,
    Column("ref", String(10), primary_key=True),
    Column("tag", LargeBinary, primary_key=True),
    Column("from_s", BigInteger, primary_key=True),
    Column("to_s", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    # The contact that said the ID behind it was its own.
    Column("claimed_by", String(10)),
    Column("forget_s", BigInteger, nullable=False),
)
Index("heard_tags_forget", heard_tags.c.forget_s)

# Keys of contacts, published apart from those of cases; `batch` names the file.
recursive_keys = Table(
    "recursive_keys",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("ref", String(10)),
    Column("start", Integer, nullable=False),
    Column("period", SmallInteger, nullable=False),
    Column("onset_days", SmallInteger, nullable=False),
    Column("release_s", BigInteger, nullable=False),
    Column("batch", Integer),
    Column("revoked", Boolean, nullable=False),
    Column("revoked_batch", Integer),
    Column("forget_s", BigInteger, nullable=False),
)
Index("recursive_keys_batch", recursive_keys.c.batch, recursive_keys.c.release_s)
Index("recursive_keys_ref", recursive_keys.c.ref)
Index("recursive_keys_forget", recursive_keys.c.forget_s)

recursive_files = Table(
    "recursive_files",
    METADATA,
    Column("name", String(255), primary_key=True),
    Column("batch", Integer, nullable=False),
    Column("end_s", BigInteger, nullable=False),
    # Until it lies in the published directory.
    Column("data", LargeBinary),
)

transfers = Table(
    "case_transfers",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("ref", String(10), nullable=False),
    Column("from_unit", String(32), nullable=False),
    Column("to_unit", String(32), nullable=False),
    Column("state", String(10), nullable=False),
    Column("sealed", LargeBinary),
    Column("offered_s", BigInteger, nullable=False),
    Column("offered_by", String(254), nullable=False),
    Column("decided_s", BigInteger),
)
Index(
    "case_transfers_to",
    transfers.c.to_unit,
    transfers.c.state,
    transfers.c.offered_s,
    transfers.c.id,
)
Index("case_transfers_ref", transfers.c.ref)
