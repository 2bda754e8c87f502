"""What every request has to pass."""

import pytest
from console_world import Browser

from proximity.authority.accounts.model import Role
from proximity.authority.accounts.sessions import IDLE_S
from proximity.authority.audit.trail import newest_line
from proximity.authority.database import reading
from proximity.authority.service.app import ServiceApp


@pytest.fixture
def admin(someone):
    return someone(Role.ADMINISTRATOR).browser


def test_a_form_without_its_token_is_refused(admin):
    for token in ("", "0" * 64, "x"):
        seen = admin.post("/console/sign-out", {"csrf": token})
        assert seen.status == 403

    assert admin.get("/console/today").status == 200


def test_the_token_of_another_session_does_not_count(admin, someone):
    other = someone(Role.ADMINISTRATOR, "080").browser

    assert admin.post("/console/sign-out", {"csrf": other.form_token}).status == 403


def test_a_form_of_another_site_is_refused_even_with_the_token(admin):
    seen = admin.post("/console/sign-out", origin="https://evil.example")

    assert seen.status == 403
    assert admin.post("/console/sign-out", origin="http://localhost").status == 303


def test_another_name_of_this_machine_shows_nothing(world):
    browser = Browser(ServiceApp(world.authority, {}), host="evil.example")
    seen = browser.get("/console/sign-in")

    assert seen.status == 421
    assert "form" not in seen.text


def test_with_https_cookies_are_bound_and_http_is_left_for_good(make_authority):
    authority = make_authority(console_url="https://console.example.org")
    seen = Browser(ServiceApp(authority, {}), host="console.example.org").get(
        "/console/sign-in"
    )

    assert seen.header("strict-transport-security")
    assert seen.header("set-cookie").startswith("__Host-")


def test_a_session_that_is_over_leads_to_the_door(admin, clock):
    clock.now_s += IDLE_S

    assert admin.get("/console/today").header("location") == "/console/sign-in"


def test_a_page_that_keeps_itself_up_to_date_keeps_no_session_open(admin, clock):
    for _ in range(4):
        clock.now_s += IDLE_S / 4
        admin.get("/console/publication/now")
    assert admin.get("/console/today").status == 303


def test_who_works_stays_signed_in(admin, clock):
    for _ in range(4):
        clock.now_s += IDLE_S / 2
        assert admin.get("/console/today").status == 200


def test_the_language_is_remembered_and_any_other_is_not(admin):
    assert 'lang="vi"' in admin.get("/console/today").text
    assert 'lang="en"' in admin.get("/console/today?lang=en").text
    assert '<html lang="en"' in admin.get("/console/today").text
    assert '<html lang="en"' in admin.get("/console/today?lang=fr").text


def test_what_is_not_there_and_what_is_not_theirs_look_the_same(admin, someone):
    district = someone(Role.ADMINISTRATOR, "080").browser
    far = someone(Role.TRACER, "03001").officer
    foreign = district.get(f"/console/officers/{far.id}")
    missing = district.get("/console/officers/none")

    assert (foreign.status, missing.status) == (404, 404)
    assert foreign.text == missing.text
    assert admin.get(f"/console/officers/{far.id}").status == 200


def test_an_address_that_is_none_has_a_page_that_says_so(admin):
    seen = admin.get("/console/none/at/all?lang=en")

    assert seen.status == 404
    assert "There is no such page" in seen.text


def test_what_was_done_is_only_said_in_words_of_the_console(admin):
    assert 'role="status"' in admin.get("/console/today?done=sessions.ended").text
    assert (
        "<script"
        not in admin.get("/console/today?done=<script>x").text.split("<main")[1]
    )


def test_a_database_that_fails_is_said_without_details(world, admin):
    with world.authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE approvals")
    seen = admin.get("/console/approvals?lang=en")

    assert seen.status == 503
    assert "approvals" not in seen.text.split("<main")[1].lower()


def test_without_any_database_there_is_still_an_answer(world, admin):
    with world.authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sessions")

    assert admin.get("/console/today").status == 503


def test_deeds_are_written_down_before_they_are_done(world, someone):
    lines = []

    def audit(connection, officer, action, *, subject):
        lines.append((officer, action, subject))

    made = someone(Role.ADMINISTRATOR)
    app = ServiceApp(world.authority, {}, audit)
    browser = Browser(app, made.person.token)
    browser.post("/console/me/sessions/end")

    assert lines == [(made.officer.id, "session.end", made.officer.id)]


def test_a_deed_that_cannot_be_written_down_is_not_done(world, someone):
    lan = someone(Role.TRACER, "02641")
    admin = someone(Role.ADMINISTRATOR)

    def audit(connection, officer, action, *, subject):
        raise OSError("disk full")

    browser = Browser(ServiceApp(world.authority, {}, audit), admin.person.token)
    with pytest.raises(OSError, match="disk"):
        browser.post(f"/console/officers/{lan.officer.id}/disable")

    assert lan.browser.get("/console/today").status == 200


def test_the_end_of_the_audit_is_kept_with_every_deed(world, someone):
    """Else the lines of deeds could be cut off again unseen."""
    admin = someone(Role.ADMINISTRATOR, "080")
    fields = {"code": "02700", "kind": "commune", "name": "Xã Mới", "parent": "080"}
    admin.browser.post("/console/units", fields)
    with reading(world.authority.engine) as connection:
        newest = newest_line(connection)

    assert newest.seq > 0
    assert world.authority.vault.key_store.tail() == newest
