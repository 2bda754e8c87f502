"""Lists and counts that take no longer when there are a million rows."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make indexes that begin with the unit, and counts that are kept."""
    _lists()
    _people()


def _lists() -> None:
    op.drop_index("cases_status", "cases")
    op.drop_index("cases_unit", "cases")
    op.create_index("cases_unit", "cases", ["unit", "updated_s", "ref"])
    op.create_index(
        "cases_unit_classification",
        "cases",
        ["unit", "classification", "updated_s", "ref"],
    )
    op.create_index(
        "cases_unit_status",
        "cases",
        ["unit", "status", "updated_s", "ref", "classification"],
    )
    is_due = sa.text("due_day IS NOT NULL")
    op.create_index(
        "cases_unit_due",
        "cases",
        ["unit", "assigned", "due_day", "ref"],
        sqlite_where=is_due,
        postgresql_where=is_due,
    )
    has_onset = sa.text("onset_day IS NOT NULL")
    op.create_index(
        "cases_onset",
        "cases",
        ["onset_day"],
        sqlite_where=has_onset,
        postgresql_where=has_onset,
    )
    op.drop_index("case_transfers_to", "case_transfers")
    op.create_index(
        "case_transfers_to",
        "case_transfers",
        ["to_unit", "state", "offered_s", "id"],
    )
    op.drop_index("audit_actor", "audit")
    op.create_index("audit_actor", "audit", ["actor", "seq"])
    op.create_index("audit_unit", "audit", ["unit", "seq"])
    op.drop_index("codes_unit", "codes")
    op.create_index("codes_unit", "codes", ["unit", "issued_s", "uuid"])


def _people() -> None:
    op.create_table(
        "person_counts",
        sa.Column("unit", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("forget_day", sa.Integer, primary_key=True),
        sa.Column("people", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO person_counts (unit, kind, forget_day, people)"
        " SELECT unit, kind, forget_day, count(*) FROM persons"
        " GROUP BY unit, kind, forget_day"
    )
