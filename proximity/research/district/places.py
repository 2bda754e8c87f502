"""The invented district: its units, its officers, and names that nobody has."""

from typing import NamedTuple

import numpy as np

from proximity.authority.accounts.model import ROOT, Role, UnitKind

# Stands in every name of a unit, an officer or a person: "specimen".
MARK = "(mẫu)"
HEALTH_AUTHORITY = "org.proximity.demo"
AUTHORITY_NAME = f"Sở Y tế trình diễn {MARK}"
PROVINCE, DISTRICT = "m0", "m0-1"


class Place(NamedTuple):
    """A unit; its ID is in no official list.

    Attributes
    ----------
    id, kind, name, parent : str
    """

    id: str
    kind: str
    name: str
    parent: str


class Post(NamedTuple):
    """An officer: a role in a unit.

    Attributes
    ----------
    name : str
    role : Role
    unit : str
        ID.
    """

    name: str
    role: Role
    unit: str

    @property
    def email(self) -> str:
        """An address in a domain that never resolves."""
        return f"{self.role}.{self.unit}.{_plain(self.name)}@demo.invalid"


def _plain(name: str) -> str:
    """Return a number for a name: addresses have no marks."""
    return str(sum(map(ord, name)) % 1_000)


COMMUNES = {
    "m0-1-1": "Thị trấn Cầu Gỗ",
    "m0-1-2": "Xã Suối Trắng",
    "m0-1-3": "Xã Bản Sương",
    "m0-1-4": "Xã Nương Ngô",
    "m0-1-5": "Xã Đá Mềm",
}
PLACES = (
    Place(PROVINCE, UnitKind.PROVINCE, f"Tỉnh Sông Mây {MARK}", ROOT),
    Place(DISTRICT, UnitKind.DISTRICT, f"Huyện Đồi Chè {MARK}", PROVINCE),
    *(
        Place(unit, UnitKind.COMMUNE, f"{name} {MARK}", DISTRICT)
        for unit, name in COMMUNES.items()
    ),
    Place("m0-gd", UnitKind.SECTOR, f"Sở Giáo dục Sông Mây {MARK}", PROVINCE),
    Place("m0-1-gd", UnitKind.SECTOR, f"Trường Trung học Đồi Chè {MARK}", DISTRICT),
    Place("m0-1-cho", UnitKind.VENUE_MANAGER, f"Chợ Cầu Gỗ {MARK}", DISTRICT),
    Place("m0-1-xe", UnitKind.VENUE_MANAGER, f"Bến xe Đồi Chè {MARK}", DISTRICT),
)
# The first is whom one is when the console opens.
POSTS = (
    Post(f"Đặng Thị Mây {MARK}", Role.SUPERVISOR, ROOT),
    Post(f"Mai Văn Gió {MARK}", Role.ADMINISTRATOR, ROOT),
    Post(f"Tạ Thị Nắng {MARK}", Role.ADMINISTRATOR, ROOT),
    Post(f"Kiều Văn Sóng {MARK}", Role.EPIDEMIOLOGIST, PROVINCE),
    Post(f"Lưu Thị Trăng {MARK}", Role.AUDITOR, PROVINCE),
    Post(f"Quách Văn Số {MARK}", Role.STATISTICIAN, PROVINCE),
    Post(f"Đoàn Thị Sao {MARK}", Role.SUPERVISOR, DISTRICT),
    Post(f"Hà Văn Đồi {MARK}", Role.ADMINISTRATOR, DISTRICT),
    Post(f"Phùng Thị Chè {MARK}", Role.EPIDEMIOLOGIST, DISTRICT),
    Post(f"Cao Văn Nương {MARK}", Role.EPIDEMIOLOGIST, DISTRICT),
    Post(f"Vi Thị Suối {MARK}", Role.TRACER, "m0-1-1"),
    Post(f"Lò Văn Sương {MARK}", Role.TRACER, "m0-1-2"),
    Post(f"Sầm Thị Ngô {MARK}", Role.TRACER, "m0-1-3"),
    Post(f"Giàng Văn Đá {MARK}", Role.TRACER, "m0-1-4"),
    Post(f"Nông Thị Bạc {MARK}", Role.TRACER, "m0-1-5"),
    Post(f"Chu Văn Chợ {MARK}", Role.VENUE_MANAGER, "m0-1-cho"),
    Post(f"Ứng Thị Xe {MARK}", Role.VENUE_MANAGER, "m0-1-xe"),
)
# Made at the end of the three weeks: invited, and not there yet.
NEWCOMER = Post(f"Thào Thị Mới {MARK}", Role.TRACER, DISTRICT)

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đỗ", "Bùi", "Hồ", "Vàng")
_MIDDLES = ("Văn", "Thị", "Đức", "Thu", "Minh", "Ngọc")
_GIVEN = (
    *("An", "Bình", "Chi", "Dung", "Giang", "Hạnh", "Hòa", "Khang", "Lan", "Long"),
    *("Mai", "Nam", "Oanh", "Phúc", "Quân", "Sơn", "Tâm", "Thảo", "Vinh", "Yến"),
)


class Invented(NamedTuple):
    """A person whom nobody knows.

    Attributes
    ----------
    name : str
    phone : str
        In a range that the plan of numbers gives to nobody: +84 then 1 and a zero.
    """

    name: str
    phone: str

    def __repr__(self) -> str:
        """Tell nothing: records of people are treated as such."""
        return "<Invented>"


def invent_person(number: int, generator: np.random.Generator) -> Invented:
    """Return the name and telephone of the n-th person."""
    words = (_FAMILIES, _MIDDLES, _GIVEN)
    chosen = [each[int(generator.integers(len(each)))] for each in words]
    return Invented(f"{' '.join(chosen)} {MARK}", f"+8410000{number:05d}")
