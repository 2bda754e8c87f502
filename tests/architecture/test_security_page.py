"""What docs/explanation/security.md promises has the tests that it names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/security.md"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
HEAD = "| attack | defence | test |"


def rows() -> list[list[str]]:
    """Return the cells of each row of the tables of attacks."""
    found, inside = [], False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        inside = line == HEAD or (inside and line.startswith("|"))
        if inside and line != HEAD and not line.startswith("|---"):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def names_in(name: str) -> set[str]:
    """Return the tests in every file of a name."""
    return {
        node.name
        for path in (ROOT / "tests").rglob(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:50])
def test_every_attack_has_a_defence_and_tests_that_exist(row):
    assert len(row) == 3
    assert all(row)
    named = NAMED.findall(row[2])

    assert named
    assert ", ".join(f"`{file}::{test}`" for file, test in named) == row[2]
    assert [test for file, test in named if test not in names_in(file)] == []


def test_the_tables_are_found():
    assert len(rows()) > 30
    assert "test_rows_that_do_not_exist" not in names_in("test_security_page.py")
