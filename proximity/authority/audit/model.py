"""What a line of the audit holds: who, when, why, whom; never what was read."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    String,
    Table,
)

from proximity.authority.database import METADATA

# Actors that are no officers.
SERVICE, CITIZEN = "service", "citizen"


class Action(StrEnum):
    """What was done."""

    LIST = "list"
    READ = "read"
    SEARCH = "search"
    DENIED = "denied"
    CORRECT = "correct"
    MOVE = "move"
    KEEP = "keep"
    HOLD = "hold"
    ERASE = "erase"
    FORGET = "forget"
    ALARM = "alarm"
    RESTORE = "restore"
    HEAD = "head"
    ROTATE = "rotate"
    RESEAL = "reseal"
    ROTATED = "rotated"
    PRUNE = "prune"
    DEED = "deed"


class Reason(StrEnum):
    """Why; a closed list, so that no name gets into the audit by way of a reason."""

    CASE_WORK = "case_work"
    CONTACT_TRACING = "contact_tracing"
    FOLLOW_UP = "follow_up"
    TRANSFER = "transfer"
    DATA_QUALITY = "data_quality"
    REPORTING = "reporting"
    CITIZEN_REQUEST = "citizen_request"
    SUPERVISION = "supervision"
    RETENTION = "retention"
    OPERATION = "operation"


# In the order of languages that the console speaks: Vietnamese, English.
REASON_TEXTS = {
    Reason.CASE_WORK: ("Xử lý ca bệnh", "Case work"),
    Reason.CONTACT_TRACING: ("Truy vết tiếp xúc", "Contact tracing"),
    Reason.FOLLOW_UP: ("Theo dõi sức khỏe", "Follow-up of health"),
    Reason.TRANSFER: ("Chuyển đơn vị", "Transfer to another unit"),
    Reason.DATA_QUALITY: ("Sửa, gộp dữ liệu", "Correcting and merging records"),
    Reason.REPORTING: ("Lập báo cáo", "Reporting"),
    Reason.CITIZEN_REQUEST: ("Theo yêu cầu của người dân", "The person asked"),
    Reason.SUPERVISION: ("Giám sát", "Supervision"),
    Reason.RETENTION: ("Hết hạn lưu giữ", "The time of keeping is over"),
    Reason.OPERATION: ("Vận hành hệ thống", "Operation of the service"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, from where, whose records, and why.

    Attributes
    ----------
    name : str
        Of an account; `SERVICE` or `CITIZEN` for those who have none.
    unit : str
        Where they serve.
    units : frozenset of str
        Whose people they may see, as the rules of accounts say.
    reason : Reason
    reference : str
        A number of a case or task that the reason is about, or "": letters, digits
        and hyphens.
    """

    name: str
    unit: str
    units: frozenset[str]
    reason: Reason
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line to be written.

    Attributes
    ----------
    actor, unit : str
    action : Action
    reason : Reason
    reference : str
    fields : tuple of str
        Names of fields, or what else an action tells; never a value.
    subjects : tuple of int
        Numbers of persons.
    """

    actor: str
    unit: str
    action: Action
    reason: Reason
    reference: str = ""
    fields: tuple[str, ...] = ()
    subjects: tuple[int, ...] = ()


audit = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_s", BigInteger, nullable=False),
    Column("actor", String(254), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("fields", String(255), nullable=False),
    # Eight bytes a person, big-endian, in ascending order.
    Column("subjects", LargeBinary, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)
Index("audit_action", audit.c.action, audit.c.at_s)
Index("audit_actor", audit.c.actor, audit.c.seq)
Index("audit_unit", audit.c.unit, audit.c.seq)

# The subjects once more, to be found by person; `verify` compares both.
audit_subjects = Table(
    "audit_subjects",
    METADATA,
    Column("person", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("audit_subjects_seq", audit_subjects.c.seq)
