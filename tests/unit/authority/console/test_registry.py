"""Pages as values."""

import pytest

from proximity.authority.accounts.model import Area
from proximity.authority.accounts.rules import reads
from proximity.authority.console.registry import Door, Group, Kind, Page, Registry
from proximity.authority.console.view import Html

READ = reads(Area.CASES)


def answer(_visit):
    return Html("none")


def page(name="a", path="/a", **fields):
    return Page(name, path, answer, **fields)


def test_a_thing_in_the_address_needs_its_unit():
    with pytest.raises(ValueError, match="unit"):
        page(path="/a/{case}", needs=READ)


def test_nobody_has_rights_before_signing_in():
    with pytest.raises(ValueError, match="rights"):
        page(needs=READ, door=Door.OPEN)


@pytest.mark.parametrize("fields", [{"kind": Kind.CSV}, {"path": "/a/{x}"}])
def test_the_navigation_lists_whole_pages(fields):
    with pytest.raises(ValueError, match="navigation"):
        page(nav=Group.WORK, **fields)


def test_names_and_addresses_are_used_once():
    with pytest.raises(ValueError, match="two pages"):
        Registry((page(), page(path="/b")))
    with pytest.raises(ValueError, match="two pages"):
        Registry((page(), page("b")))


def test_a_page_and_its_act_share_an_address():
    registry = Registry((page(nav=Group.WORK), page("b", kind=Kind.ACT)))

    assert registry.page("b").method == "POST"
    assert [each.name for each in registry.listed(Group.WORK)] == ["a"]
