"""Whether pages of the console show what is there, for `console_pages.py`.

Each list is compared with a plain query over all rows, each search with a look at all
names as they were put in.
"""

import re

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
_NUMBER = re.compile(r"[\d.,]+")
PAGE = 50
FOUND = 50


def check_lists(filled: Filled, asker: Asker) -> None:
    """Compare the lists of every viewer with plain queries.

    Raises
    ------
    AssertionError
        If one shows anything else.
    """
    late = late_s(filled)
    after = f"(updated_s < {late} OR (updated_s = {late} AND ref < '5000000000'))"
    ways = {
        "": "1=1",
        "?classification=F0": "classification='F0'",
        "?classification=F2&status=lost": "classification='F2' AND status='lost'",
        "?status=withdrawn": "status='withdrawn'",
        "?unit=020507": "unit='020507'",
        "?unit=020507&classification=F0&status=open": "unit='020507' AND"
        " classification='F0' AND status='open'",
        "?q=A7K": "ref BETWEEN 'A7K0000000' AND 'A7KZZZZZZZ'",
        f"?after={late}.5000000000": after,
        f"?classification=F0&after={late}.5000000000": f"classification='F0' AND {after}",
    }
    for viewer in viewers(filled):
        if not allowed(viewer.officer, reads(Area.CASES), None):
            continue
        for query, condition in ways.items():
            wanted = _plainly(
                filled,
                f"SELECT ref FROM cases WHERE unit IN ({_units(viewer)}) AND"
                f" {condition} ORDER BY updated_s DESC, ref DESC LIMIT {PAGE}",
            )
            seen = asker.get(f"{PREFIX}/cases{query}", viewer.token).text
            assert _CASE.findall(seen) == wanted, (viewer.who, query)
        _check_work(filled, asker, viewer)


def _check_work(filled: Filled, asker: Asker, viewer: Viewer) -> None:
    today = day_of(filled.authority.now_s)
    wanted = _plainly(
        filled,
        f"SELECT ref FROM cases WHERE unit IN ({_units(viewer)}) AND due_day <= {today}"
        f" AND (assigned IS NULL OR assigned = '{viewer.officer.id}')"
        " ORDER BY due_day, unit, ref LIMIT 100",
    )
    seen = asker.get(f"{PREFIX}/worklist", viewer.token).text
    assert _CASE.findall(seen) == wanted, viewer.who
    if allowed(viewer.officer, reads(Area.CODES), None):
        wanted = _plainly(
            filled,
            f"SELECT uuid FROM codes WHERE unit IN ({_units(viewer)})"
            " ORDER BY issued_s DESC, uuid DESC LIMIT 100",
        )
        seen = asker.get(f"{PREFIX}/codes", viewer.token).text
        assert _CODE.findall(seen) == wanted, viewer.who
    if allowed(viewer.officer, reads(Area.AUDIT), None):
        wanted = _plainly(
            filled,
            f"SELECT seq FROM audit WHERE unit IN ({_units(viewer)})"
            " ORDER BY seq DESC LIMIT 50",
        )
        seen = asker.get(f"{PREFIX}/audit", viewer.token).text
        assert [*map(int, _LINE.findall(seen))] == wanted, viewer.who


def check_searches(filled: Filled, asker: Asker) -> None:
    """Compare searches of every viewer with all names.

    Raises
    ------
    AssertionError
        If somebody is found who has not these words, or somebody is missing.
    """
    names = filled.names()
    cases = dict(_rows(filled, "SELECT ref, person FROM cases"))
    for viewer in viewers(filled):
        if not allowed(viewer.officer, reads(Area.PERSONAL), None):
            continue
        units = set(_plainly(filled, _units(viewer)))
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
            seen = asker.get(f"{PREFIX}/cases?q={sought}", viewer.token).text
            found = {cases[ref] for ref in _CASE.findall(seen)}
            assert found <= wanted, (viewer.who, sought)
            assert len(found) == min(len(wanted), FOUND), (viewer.who, sought)


def _units(viewer: Viewer) -> str:
    return f"SELECT id FROM organisations WHERE path LIKE '{viewer.path}%'"


def _plainly(filled: Filled, statement: str) -> list[object]:
    return [row[0] for row in _rows(filled, statement)]


def _rows(filled: Filled, statement: str) -> list[tuple[object, ...]]:
    with reading(filled.authority.engine) as connection:
        return [tuple(row) for row in connection.execute(text(statement))]
