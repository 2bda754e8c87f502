"""The tree of units."""

import pytest

from proximity.authority.accounts.model import ROOT, organisations
from proximity.authority.accounts.organisations import (
    add_organisation,
    add_root,
    find_organisation,
    list_organisations,
    rename_organisation,
    unit_names,
)
from proximity.authority.accounts.refusal import RefusalError


@pytest.fixture
def connection(world):
    with world.authority.engine.begin() as opened:
        yield opened


def test_the_tree_is_listed_each_below_the_one_above(connection):
    everything = organisations.c.id.is_not(None)
    listed = [each.id for each in list_organisations(connection, everything)]

    assert listed == ["root", "10", "080", "02635", "02641", "088", "03001", "03043"]
    found = find_organisation(connection, "02641")
    assert (found.unit.path, found.depth) == ("root/10/080/02641/", 3)


def test_since_the_reform_communes_stand_below_the_province(connection):
    unit = add_organisation(connection, "x", "commune", "Xã", parent="10")

    assert unit.path == "root/10/x/"


@pytest.mark.parametrize(
    "fields",
    [
        ("x", "district", "D", "080"),
        ("x", "province", "P", "080"),
        ("x", "district", "D", "02641"),
        ("x", "authority", "A", ROOT),
        ("x", "planet", "A", ROOT),
        ("080", "district", "twice", "10"),
        ("x", "district", "", "10"),
        ("x", "district", "D", "none"),
        ("a/b", "district", "D", "10"),
        ("", "district", "D", "10"),
        ("x" * 33, "district", "D", "10"),
    ],
)
def test_what_does_not_fit_is_refused(connection, fields):
    *what, parent = fields
    with pytest.raises(RefusalError):
        add_organisation(connection, *what, parent=parent)


def test_sector_bodies_stand_anywhere_but_below_venues(connection):
    add_organisation(connection, "edu", "sector", "Giáo dục", parent="02641")
    add_organisation(connection, "shop", "venue-manager", "Chợ", parent="edu")

    with pytest.raises(RefusalError):
        add_organisation(connection, "x", "sector", "X", parent="shop")


def test_a_tree_that_is_too_deep_is_refused(connection):
    above = "10"
    for number in range(7):
        name = f"{number}".rjust(32, "0")
        add_organisation(connection, name, "sector", "S", parent=above)
        above = name

    with pytest.raises(RefusalError, match="deep"):
        add_organisation(connection, "x" * 32, "sector", "S", parent=above)


def test_names_change_and_are_looked_up_together(connection):
    rename_organisation(connection, "080", "Thành phố")
    add_root(connection, "Sở")

    names = unit_names(connection, {"080", ROOT, "none"})
    assert names == {"080": "Thành phố", ROOT: "Sở"}
    with pytest.raises(RefusalError):
        rename_organisation(connection, "080", "")


@pytest.mark.parametrize("code", ["service", "Citizen", "ROOT"])
def test_no_unit_has_the_name_of_something_else(connection, code):
    """Lines of the audit that are of no unit would be shown to whoever keeps it."""
    with pytest.raises(RefusalError, match="has this code"):
        add_organisation(connection, code, "sector", "Sở", parent="root")


def test_two_units_do_not_differ_in_capitals_alone(connection):
    add_organisation(connection, "ubnd", "sector", "Ủy ban", parent="080")
    with pytest.raises(RefusalError, match="has this code"):
        add_organisation(connection, "UBND", "sector", "Ủy ban", parent="088")
