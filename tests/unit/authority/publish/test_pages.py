"""Publication and keys in the console."""

import re

from sqlalchemy import insert

from proximity.authority.accounts.model import Role
from proximity.authority.publish.batch_model import batches, files
from proximity.authority.publish.signing_keys import published_keys
from proximity.authority.upload.model import exposures


def add_batch(authority, number, end_s, *, keys, padding):
    with authority.engine.begin() as connection:
        connection.execute(
            insert(batches).values(
                number=number,
                start_s=end_s - 9,
                end_s=end_s,
                state="shown",
                uploaded=keys,
                invented=padding,
            )
        )
        connection.execute(
            insert(files).values(name=f"{number}.zip", batch=number, end_s=end_s)
        )
        for place in range(keys + padding):
            add_key(
                connection,
                bytes([number, place]),
                batch=number,
                origin="padding" if place >= keys else "upload",
            )


def add_key(connection, key, *, batch, origin="upload", release_s=0):
    connection.execute(
        insert(exposures).values(
            key=key,
            start=0,
            period=144,
            report_type=1,
            onset_days=0,
            risk=0,
            region="VN",
            traveler=False,
            origin=origin,
            release_s=release_s,
            batch=batch,
            forget_s=9,
        )
    )


def test_batches_have_their_sizes_and_what_waits_is_counted(authority, someone):
    now_s = authority.now_s
    add_batch(authority, 7, now_s - 600, keys=3, padding=5)
    with authority.engine.begin() as connection:
        add_key(connection, b"waits", batch=None, release_s=now_s + 600)
    browser = someone(Role.STATISTICIAN).browser
    for path in ("/console/publication?lang=en", "/console/publication/now?lang=en"):
        page = browser.get(path).text
        row = re.search(r"#7</th>(.*?)</tr>", page, re.S)[1]
        assert re.findall(r'class="n">(\d+)<', row) == ["3", "5", "1"]
        assert re.search(r"Held back</dt><dd>1 ", page)
        assert "14 Oct" in page or "20" in page
    assert "Check that the worker runs" not in page
    today = browser.get("/console/today").text
    assert "<strong>#7</strong>" in today


def test_a_worker_that_stands_still_is_noticed(authority, someone, clock):
    add_batch(authority, 1, authority.now_s - 90_000, keys=1, padding=0)

    seen = someone(Role.STATISTICIAN).browser.get("/console/publication?lang=en").text
    assert "Check that the worker runs" in seen


def test_keys_are_shown_by_their_digest_and_never_themselves(authority, someone):
    seen = someone(Role.AUDITOR).browser.get("/console/keys?lang=en").text

    assert "VN v1" in seen
    assert re.search(r"[0-9a-f]{8}( [0-9a-f]{8}){7}", seen)
    assert "PRIVATE" not in seen
    assert "Ask for a rotation" not in seen


def test_a_rotation_takes_two(authority, someone):
    asker, other = someone(Role.ADMINISTRATOR), someone(Role.SUPERVISOR)
    asker.browser.post("/console/keys/rotate")
    page = other.browser.get("/console/approvals").text
    request = re.search(r"/approvals/(\w+)/approve", page)[1]
    assert asker.browser.post(f"/console/approvals/{request}/approve").status == 400
    assert len(published_keys(authority.directory)) == 1

    other.browser.post(f"/console/approvals/{request}/approve")
    assert len(published_keys(authority.directory)) == 2
    shown = other.browser.get("/console/keys?lang=en").text
    assert "signs beside it" in shown


def test_keys_are_the_whole_authoritys(someone):
    district = someone(Role.ADMINISTRATOR, "080").browser

    assert district.get("/console/keys").status == 404
    assert district.post("/console/keys/rotate").status == 404
