"""The page of units."""

import pytest

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.organisations import find_organisation

NEW = {"code": "02638", "kind": "commune", "name": "Phường Kim Tân", "parent": "080"}


@pytest.fixture
def admin(someone):
    return someone(Role.ADMINISTRATOR, "080")


def unit(world, unit_id):
    with world.authority.engine.begin() as connection:
        return find_organisation(connection, unit_id)


def test_a_unit_is_added_below_ones_own(world, admin):
    assert "units.added" in admin.browser.post("/console/units", NEW).header("location")

    assert unit(world, "02638").path == "root/10/080/02638/"


@pytest.mark.parametrize(
    "fields", [{"parent": "088"}, {"parent": "root"}, {"kind": "district"}]
)
def test_a_unit_elsewhere_or_out_of_place_is_refused(world, admin, fields):
    assert admin.browser.post("/console/units", NEW | fields).status == 400
    assert unit(world, "02638") is None


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_a_list_is_taken_in_whole(world, admin, separator):
    rows = [list(NEW.values()), ["02644", "commune", "Phường Kim Tân 2", "080"]]
    text = "\r\n".join(separator.join(row) for row in rows)
    admin.browser.post("/console/units/import", {"list": text})

    assert unit(world, "02638")
    assert unit(world, "02644")


def test_one_wrong_line_takes_nothing_in_and_is_named(world, admin):
    text = "02638;commune;Phường Kim Tân;080\n02644;commune;only three"
    seen = admin.browser.post("/console/units/import?lang=en", {"list": text})

    assert seen.status == 400
    assert "Line 2:" in seen.text
    assert unit(world, "02638") is None


def test_a_unit_gets_another_name(world, admin):
    address = "/console/units/02641/name"
    admin.browser.post(address, {"name": "Cốc Lếu"})

    assert unit(world, "02641").name == "Cốc Lếu"
    assert admin.browser.post(address, {"name": ""}).status == 400
    assert admin.browser.post("/console/units/03001/name", {"name": "x"}).status == 404
