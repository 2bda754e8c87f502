"""The audit, whose rows the database itself refuses to change.

The chain of hashes shows every change; the triggers stop the ones that happen by
mistake, or by somebody who may write rows but not alter the schema.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = ("audit", "audit_subjects")
_FUNCTION = """
CREATE FUNCTION audit_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of the audit never change';
END $$
"""


def upgrade() -> None:
    """Make the tables of the audit, and what guards them."""
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_s", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(254), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("reference", sa.String(64), nullable=False),
        sa.Column("fields", sa.String(255), nullable=False),
        sa.Column("subjects", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("audit_action", "audit", ["action", "at_s"])
    op.create_index("audit_actor", "audit", ["actor", "at_s"])
    op.create_table(
        "audit_subjects",
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_index("audit_subjects_seq", "audit_subjects", ["seq"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    op.execute(_FUNCTION)
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION audit_never_changes()"
        )


def _guard_sqlite() -> None:
    refusal = "BEGIN SELECT RAISE(ABORT, 'rows of the audit never change'); END"
    for table in _TABLES:
        for change in ("UPDATE", "DELETE"):
            name = f"{table}_no_{change.lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {change} ON {table} {refusal}")
