"""Whether pages of the console show what is there, for `console_pages.py`.

Each list is compared with a plain query over all rows, each search with a look at all
names as they were put in.
"""

import re
from typing import Any
from urllib.parse import quote_plus

from console_asking import PREFIX, Asker, Viewer, late_s, viewers
from console_authority import Filled
from console_search import plain
from sqlalchemy import text

from proximity.authority.accounts.model import Area
from proximity.authority.accounts.rules import allowed, reads
from proximity.authority.database import reading
from proximity.units import day_of

_CASE = re.compile(r'href="/console/cases/([0-9A-Z]{10})"')
_CODE = re.compile(r'href="/console/codes/([0-9a-f]{36})"')
_LINE = re.compile(r"<tr><t[hd][^>]*>(\d+)</t[hd]>")
FOUND = 50
SOUGHT = ("nguyen", "tan anh", "tan uyen", "Giang thi BINH", "Xyzq", "ngu", "hoa")
_CASES = """SELECT ref FROM cases WHERE unit IN ({units}) AND {condition}
ORDER BY updated_s DESC, ref DESC LIMIT 50"""
_DUE = """SELECT ref FROM cases WHERE unit IN ({units}) AND due_day <= {today}
AND (assigned IS NULL OR assigned = '{officer}')
ORDER BY due_day, unit, ref LIMIT 100"""
_CODES = """SELECT uuid FROM codes WHERE unit IN ({units})
ORDER BY issued_s DESC, uuid DESC LIMIT 100"""
_AUDIT = "SELECT seq FROM audit WHERE unit IN ({units}) ORDER BY seq DESC LIMIT 50"


def check_lists(filled: Filled, asker: Asker) -> None:
    """Compare the lists of every viewer with plain queries.

    Raises
    ------
    AssertionError
        If one shows anything else.
    """
    late = late_s(filled)
    after = f"(updated_s < {late} OR (updated_s = {late} AND ref < '5000000000'))"
    first = "classification='F0'"
    ways = {
        "": "1=1",
        "?classification=F0": first,
        "?classification=F2&status=lost": "classification='F2' AND status='lost'",
        "?status=withdrawn": "status='withdrawn'",
        "?unit=020507": "unit='020507'",
        "?unit=020507&classification=F0&status=open": "unit='020507' AND"
        " classification='F0' AND status='open'",
        "?q=A7K": "ref BETWEEN 'A7K0000000' AND 'A7KZZZZZZZ'",
        "?q=A7": "ref BETWEEN 'A700000000' AND 'A7ZZZZZZZZ'",
        f"?after={late}.5000000000": after,
        f"?classification=F0&after={late}.5000000000": f"{first} AND {after}",
    }
    for viewer in viewers(filled):
        if not allowed(viewer.officer, reads(Area.CASES), None):
            continue
        for query, condition in ways.items():
            wanted = _plainly(filled, _CASES, viewer, condition=condition)
            seen = asker.get(f"{PREFIX}/cases{query}", viewer.token).text
            assert _CASE.findall(seen) == wanted, (viewer.who, query)
        _check_work(filled, asker, viewer)


def _check_work(filled: Filled, asker: Asker, viewer: Viewer) -> None:
    pages = (
        (Area.CASES, "worklist", _DUE, _CASE),
        (Area.CODES, "codes", _CODES, _CODE),
        (Area.AUDIT, "audit", _AUDIT, _LINE),
    )
    today = day_of(filled.authority.now_s)
    for area, page, statement, pattern in pages:
        if allowed(viewer.officer, reads(area), None):
            wanted = _plainly(
                filled, statement, viewer, today=today, officer=viewer.officer.id
            )
            seen = asker.get(f"{PREFIX}/{page}", viewer.token).text
            assert pattern.findall(seen) == [*map(str, wanted)], (viewer.who, page)


def check_searches(filled: Filled, asker: Asker) -> None:
    """Compare searches of every viewer with all names.

    Raises
    ------
    AssertionError
        If somebody is found who has not these words, or somebody is missing.
    """
    names = filled.names()
    with reading(filled.authority.engine) as connection:
        rows = connection.execute(text("SELECT ref, person FROM cases"))
        persons = {ref: person for ref, person in rows}  # noqa: C416 - rows of two
    for viewer in viewers(filled):
        if not allowed(viewer.officer, reads(Area.PERSONAL), None):
            continue
        units = set(_plainly(filled, viewer.units, viewer))
        for sought in (
            "nguyen",
            "Tẩn Ánh",
            "tan uyen",
            "giang thi binh",
            "Xyzq",
            "ngu",
        ):
            words = set(plain(sought).split())
            wanted = {
                person
                for person, (unit, name) in names.items()
                if unit in units and words <= set(plain(name).split())
            }
            seen = asker.get(
                f"{PREFIX}/cases?q={quote_plus(sought)}", viewer.token
            ).text
            found = {persons[ref] for ref in _CASE.findall(seen)}
            assert found <= wanted, (viewer.who, sought)
            assert len(found) == min(len(wanted), FOUND), (viewer.who, sought)


def _plainly(
    filled: Filled, statement: str, viewer: Viewer, **values: object
) -> list[Any]:
    with reading(filled.authority.engine) as connection:
        whole = text(statement.format(units=viewer.units, **values))
        return list(connection.execute(whole).scalars())
