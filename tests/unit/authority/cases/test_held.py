"""What cases hold of a person: counted for them, and gone when they wish."""

from proximity.authority.cases.events import timeline
from proximity.authority.cases.held import drop_held, held_of_person
from proximity.authority.cases.model import (
    cases,
    heard_tags,
    recursive_keys,
    share_tokens,
    shared_keys,
)

PERSON = 77


def of_person(connection, ref: str) -> None:
    connection.execute(
        cases.update().where(cases.c.ref == ref).values(person=PERSON, call_result=None)
    )


def test_a_person_learns_how_much_their_device_shared(connection, desk, meeting):
    of_person(connection, meeting.case)
    (before,) = held_of_person(connection, PERSON)
    assert (before.keys, before.heard, before.forget_s) == (0, 0, None)

    desk.share_case(meeting)
    (held,) = held_of_person(connection, PERSON)
    assert (held.keys, held.heard, held.warning_keys) == (1, 3, 0)
    assert held.forget_s == (meeting.day + 22) * 86_400
    assert (held.facts["ref"], held.facts["onset_day"]) == (meeting.case, meeting.day)
    assert held_of_person(connection, PERSON + 1) == []


def test_what_was_shared_goes_and_the_case_keeps_no_person(
    connection, desk, meeting, vault
):
    of_person(connection, meeting.case)
    desk.share_case(meeting)
    names = drop_held(connection, PERSON, now_s=1)

    for table in (shared_keys, heard_tags, share_tokens):
        assert connection.execute(table.select()).all() == []
    assert len(vault.key_store.get(names)) == 1
    assert held_of_person(connection, PERSON) == []
    assert timeline(connection, meeting.case)[-1].kind in ("erased", "shared")
    assert "erased" in [each.kind for each in timeline(connection, meeting.case)]
    assert drop_held(connection, PERSON, now_s=1) == []


def test_warnings_that_wait_never_go_out(connection, desk, meeting):
    of_person(connection, meeting.contact)
    row = {"start": 0, "period": 144, "onset_days": 0, "release_s": 0}
    row |= {"revoked": False, "forget_s": 2**40, "ref": meeting.contact}
    waiting = recursive_keys.insert().values(key=b"\x01" * 16, **row)
    published = recursive_keys.insert().values(key=b"\x02" * 16, batch=1, **row)
    for statement in (waiting, published):
        connection.execute(statement)
    drop_held(connection, PERSON, now_s=1)

    (left,) = connection.execute(recursive_keys.select()).mappings()
    assert (bytes(left["key"]), left["revoked"]) == (b"\x02" * 16, True)
