"""Others' sessions, and the table of rights."""

from console_world import mark_of

from proximity.authority.accounts.model import Role, sessions


def test_a_session_is_seen_and_ended_by_who_keeps_the_unit(world, someone):
    admin, lan = someone(Role.ADMINISTRATOR, "080"), someone(Role.TRACER, "02641")
    far = someone(Role.TRACER, "03001")
    seen = admin.browser.get("/console/sessions").text
    assert lan.officer.name in seen
    assert mark_of("03001") not in seen

    with world.authority.engine.begin() as connection:
        rows = connection.execute(sessions.select()).all()
    ids = {row.officer: row.id for row in rows}
    admin.browser.post(f"/console/sessions/{ids[lan.officer.id]}/end")
    refused = admin.browser.post(f"/console/sessions/{ids[far.officer.id]}/end")

    assert lan.browser.get("/console/today").status == 303
    assert refused.status == 404
    assert far.browser.get("/console/today").status == 200


def test_who_may_only_read_ends_nothing(someone):
    auditor = someone(Role.AUDITOR)
    someone(Role.TRACER, "02641")

    assert "/end" not in auditor.browser.get("/console/sessions").text
    assert auditor.browser.post("/console/sessions/none/end").status == 404


def test_the_table_of_rights_names_every_role_and_area(someone):
    seen = someone(Role.AUDITOR).browser.get("/console/roles?lang=en").text

    assert seen.count('<th scope="col">') == 1 + len(Role)
    assert "Personal data" in seen
