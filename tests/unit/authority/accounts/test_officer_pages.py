"""The pages on which accounts are kept."""

import pytest
from sqlalchemy import select, update

from proximity.authority.accounts.four_eyes import list_requests
from proximity.authority.accounts.model import Role, approvals, officers
from proximity.authority.accounts.officers import find_account, grants_of


@pytest.fixture
def admin(someone):
    return someone(Role.ADMINISTRATOR, "080")


@pytest.fixture
def lan(someone):
    return someone(Role.STATISTICIAN, "02641")


def add(admin, **fields):
    sent = {"name": "Bình", "email": "binh@example.org", "unit": "02641"}
    return admin.browser.post("/console/officers", sent | fields)


def roles_of(world, officer):
    with world.authority.engine.begin() as connection:
        return {grant.role for grant in grants_of(connection, officer)}


def requests(world):
    with world.authority.engine.begin() as connection:
        return list_requests(connection, approvals.c.id.is_not(None), open_at_s=None)


def test_a_new_officer_gets_a_code_and_a_role_that_its_giver_has(world, admin, lan):
    seen = add(admin, role="statistician")
    with world.authority.engine.begin() as connection:
        made = select(officers.c.id).where(officers.c.email == "binh@example.org")
        officer = connection.execute(made).scalar_one()

    assert seen.text.count("data-code") == 1
    assert roles_of(world, officer) == {Role.STATISTICIAN}


def test_a_role_beyond_ones_own_waits_for_a_second_officer(world, admin, lan):
    seen = add(admin, role="epidemiologist")

    assert "data-code" not in seen.text
    assert [each.kind for each in requests(world)] == ["grant"]
    assert roles_of(world, requests(world)[0].subject) == set()


def test_the_first_administrator_is_alone_and_need_not_wait(world, someone):
    admin = someone(Role.ADMINISTRATOR)
    add(admin, role="supervisor")

    assert requests(world) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"unit": "088"},
        {"unit": "none"},
        {"email": "none"},
        {"name": ""},
        # The same to the eye: a letter of another script.
        {"name": "\u0412inh"},
        {"email": "b\u0456nh@example.org"},
    ],
)
def test_an_account_that_cannot_be_is_refused_and_nothing_typed_is_lost(admin, fields):
    seen = add(admin, **fields)

    assert seen.status == 400
    assert fields.get("name", "Bình") in seen.text


def test_nobody_raises_their_own_rights(world, admin):
    address = f"/console/officers/{admin.officer.id}"
    for path in ("give", "take", "disable", "enable", "reset", "code", "move"):
        fields = {"role": "epidemiologist", "unit": "080"}
        assert admin.browser.post(f"{address}/{path}", fields).status == 400, path

    assert roles_of(world, admin.officer.id) == {Role.ADMINISTRATOR}


def test_a_role_is_given_and_taken(world, admin, lan):
    address = f"/console/officers/{lan.officer.id}"
    given = {"role": "statistician", "unit": "080"}
    admin.browser.post(f"{address}/give", given)
    admin.browser.post(f"{address}/take", {"role": "statistician", "unit": "02641"})

    with world.authority.engine.begin() as connection:
        assert [grant.unit.id for grant in grants_of(connection, lan.officer.id)] == [
            "080"
        ]
    assert admin.browser.post(f"{address}/give", {"unit": "080"}).status == 400


def test_a_locked_account_is_out_and_comes_back_when_unlocked(admin, lan):
    address = f"/console/officers/{lan.officer.id}"
    admin.browser.post(f"{address}/disable")
    assert lan.browser.get("/console/today").status == 303
    assert "Mở khóa" in admin.browser.get(address).text
    admin.browser.post(f"{address}/enable")

    # Their session is over all the same.
    assert lan.browser.get("/console/today").status == 303
    assert "đang dùng" in admin.browser.get(address).text


def test_what_was_locked_from_above_is_not_unlocked_below(admin, lan, someone):
    address = f"/console/officers/{lan.officer.id}"
    someone(Role.ADMINISTRATOR).browser.post(f"{address}/disable")
    seen = admin.browser.post(f"{address}/enable?lang=en")

    assert (seen.status, "locked from above" in seen.text) == (400, True)
    assert lan.browser.get("/console/today").status == 303


def test_a_reset_only_asks(world, admin, lan):
    admin.browser.post(f"/console/officers/{lan.officer.id}/reset")

    assert [each.kind for each in requests(world)] == ["reset"]
    assert lan.browser.get("/console/today").status == 200


def test_who_has_rights_beyond_a_unit_is_not_reset_or_locked_from_there(
    world, admin, someone
):
    """Else a district could take over what the province gave."""
    lan = someone(Role.STATISTICIAN, "02641")
    someone(Role.ADMINISTRATOR).browser.post(
        f"/console/officers/{lan.officer.id}/give",
        {"role": "statistician", "unit": "088"},
    )
    for act in ("reset", "disable", "enable"):
        seen = admin.browser.post(f"/console/officers/{lan.officer.id}/{act}?lang=en")
        assert (seen.status, "reach beyond" in seen.text) == (400, True)

    assert requests(world) == []
    assert lan.browser.get("/console/today").status == 200


def test_another_first_code_only_for_who_is_not_set_up(admin, lan, world):
    assert admin.browser.post(f"/console/officers/{lan.officer.id}/code").status == 400
    add(admin)
    with world.authority.engine.begin() as connection:
        made = select(officers.c.id).where(officers.c.email == "binh@example.org")
        officer = connection.execute(made).scalar_one()

    assert "data-code" in admin.browser.post(f"/console/officers/{officer}/code").text


def test_a_name_that_is_a_script_or_a_formula_stays_a_name(admin):
    add(admin, name='=<script>alert("x")</script>')
    seen = admin.browser.get("/console/officers").text

    assert "<script>alert" not in seen
    assert "&lt;script&gt;" in seen
    assert "\"'=<script>" in admin.browser.get("/console/officers.csv").text


def test_all_sessions_of_an_officer_end(admin, lan):
    admin.browser.post(f"/console/officers/{lan.officer.id}/sign-out")

    assert lan.browser.get("/console/today").status == 303


def move(admin, officer, unit):
    return admin.browser.post(f"/console/officers/{officer}/move", {"unit": unit})


def where(world, officer):
    with world.authority.engine.begin() as connection:
        account = find_account(connection, officer)
        held = grants_of(connection, officer)
    return account.unit, {(each.role.value, each.unit.id) for each in held}


def test_an_officer_moves_and_takes_along_what_the_mover_could_give(world, admin, lan):
    seen = move(admin, lan.officer.id, "02635")

    assert seen.header("location").endswith("done=officer.moved")
    assert where(world, lan.officer.id) == ("02635", {("statistician", "02635")})
    assert lan.browser.get("/console/statistics").status == 200


def test_a_move_that_shows_other_persons_takes_a_second_officer(world, admin, someone):
    lan, chief = someone(Role.TRACER, "02641"), someone(Role.SUPERVISOR, "080")
    move(admin, lan.officer.id, "02635")
    assert where(world, lan.officer.id) == ("02641", {("tracer", "02641")})
    (request,) = requests(world)
    page = chief.browser.get("/console/approvals").text
    assert f"{lan.officer.name} từ Phường Cốc Lếu sang Phường Duyên Hải" in page

    chief.browser.post(f"/console/approvals/{request.id}/approve")

    assert where(world, lan.officer.id) == ("02635", {("tracer", "02635")})


@pytest.mark.parametrize("unit", ["088", "03001", "root", "none"])
def test_nobody_is_moved_out_of_the_movers_units(world, admin, lan, unit):
    assert move(admin, lan.officer.id, unit).status == 400
    assert where(world, lan.officer.id)[0] == "02641"


def test_another_first_code_for_who_has_rights_takes_a_second_officer(
    world, admin, someone
):
    lan = someone(Role.TRACER, "02641")
    with world.authority.engine.begin() as connection:
        mine = officers.c.id == lan.officer.id
        connection.execute(update(officers).where(mine).values(enrolled_s=None))
    someone(Role.SUPERVISOR)
    seen = admin.browser.post(f"/console/officers/{lan.officer.id}/code")

    assert "data-code" not in seen.text
    assert [each.kind for each in requests(world)] == ["reset"]
