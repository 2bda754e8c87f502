"""Units, officers with their rights, sessions, requests for a second pair of eyes."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tables; an administrator of before becomes an officer of the root."""
    _make_units()
    _make_officers()
    _make_ways_in()
    _make_approvals()
    op.add_column("codes", sa.Column("unit", sa.String(32)))
    op.create_index("codes_unit", "codes", ["unit", "issued_s"])
    op.create_index("codes_issued", "codes", ["issued_s"])
    op.drop_table("accounts")


def _make_units() -> None:
    table = op.create_table(
        "organisations",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("parent", sa.String(32)),
        sa.Column("path", sa.String(255), nullable=False, unique=True),
    )
    root = {"id": "root", "kind": "authority", "name": "", "path": "root/"}
    op.bulk_insert(table, [root])


def _make_officers() -> None:
    op.create_table(
        "officers",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("folded", sa.String(400), nullable=False),
        _unit(),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("totp_step", sa.BigInteger),
        sa.Column("enrolled_s", sa.BigInteger),
        sa.Column("disabled_s", sa.BigInteger),
        sa.Column("disabled_in", sa.String(32), sa.ForeignKey("organisations.id")),
        sa.Column("made_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "grants",
        _officer(primary_key=True),
        sa.Column("role", sa.String(16), primary_key=True),
        sa.Column(
            "unit", sa.String(32), sa.ForeignKey("organisations.id"), primary_key=True
        ),
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT email, password_hash, made_s FROM accounts ORDER BY made_s")
    ).all()
    for number, (email, password_hash, made_s) in enumerate(rows, 1):
        values = {
            "id": f"{number:016x}",
            "email": email,
            "name": email[:120],
            "hash": password_hash,
            "made": made_s,
        }
        connection.execute(
            sa.text(
                "INSERT INTO officers (id, email, name, folded, unit, password_hash,"
                " made_s) VALUES (:id, :email, :name, :email, 'root', :hash, :made)"
            ),
            values,
        )
        connection.execute(
            sa.text("INSERT INTO grants VALUES (:id, 'administrator', 'root')"),
            {"id": values["id"]},
        )


def _make_ways_in() -> None:
    op.create_table(
        "enrolments",
        _officer(primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.LargeBinary, primary_key=True),
        _officer(),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("made_s", sa.BigInteger, nullable=False),
    )
    op.create_index("passkeys_officer", "passkeys", ["officer"])
    op.create_table(
        "challenges",
        sa.Column("challenge", sa.LargeBinary, primary_key=True),
        sa.Column("browser", sa.LargeBinary, nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        _officer(),
        sa.Column("proof", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(60), nullable=False),
        sa.Column("made_s", sa.BigInteger, nullable=False),
        sa.Column("seen_s", sa.BigInteger, nullable=False),
        sa.Column("ended_s", sa.BigInteger),
    )
    op.create_index("sessions_officer", "sessions", ["officer"])


def _make_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        _unit(),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column(
            "asked_by", sa.String(16), sa.ForeignKey("officers.id"), nullable=False
        ),
        sa.Column("asked_s", sa.BigInteger, nullable=False),
        sa.Column("until_s", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(16), sa.ForeignKey("officers.id")),
        sa.Column("decided_s", sa.BigInteger),
    )
    op.create_index("approvals_state", "approvals", ["state", "asked_s"])


def _officer(*, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "officer",
        sa.String(16),
        sa.ForeignKey("officers.id"),
        primary_key=primary_key,
        nullable=False,
    )


def _unit() -> sa.Column[str]:
    return sa.Column(
        "unit", sa.String(32), sa.ForeignKey("organisations.id"), nullable=False
    )
