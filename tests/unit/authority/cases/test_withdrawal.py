"""A case that was none: its keys are revoked, and what followed from it ends."""

from dataclasses import replace

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.cases.model import recursive_keys
from proximity.authority.cases.records import read_case
from proximity.authority.cases.withdrawal import withdraw_case
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType


@pytest.fixture
def withdraw(connection, scope, authority):
    return lambda ref: withdraw_case(connection, scope, ref, authority=authority)


def upload(connection, authority, meeting, *, batch: int | None = None) -> None:
    """Let the case publish its key as well, in a batch or waiting for one."""
    key = meeting.key(meeting.case_key)
    accepted = AcceptedKey(
        key.key, key.start_interval, key.period, ReportType.CONFIRMED_TEST, 0, 2
    )
    one = Upload((accepted,), False, None, authority.entropy(32), authority.now_s)
    store_uploads(connection, [one], "VN", now_s=authority.now_s)
    connection.execute(exposures.update().values(batch=batch))


def code_of(work) -> str:
    with pytest.raises(ApiError) as raised:
        work()
    return raised.value.code


def test_a_published_key_goes_out_once_more_as_revoked(
    *, connection, authority, desk, meeting, withdraw
):
    desk.share_case(meeting)
    upload(connection, authority, meeting, batch=7)

    assert withdraw(meeting.case).keys == 1
    (row,) = connection.execute(exposures.select()).mappings()
    assert (row["revised_type"], row["revised_batch"]) == (ReportType.REVOKED, None)


def share_again(desk, meeting, revision_token: str = "") -> None:
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)
    desk.take(token, replace(package, revision_token=revision_token))


def test_nobody_takes_back_keys_of_others_by_sharing_them_as_own(
    *, connection, authority, desk, meeting, withdraw
):
    """Anybody reads published keys; a case that was none may have handed them in."""
    upload(connection, authority, meeting, batch=7)
    share_again(desk, meeting)

    done = withdraw(meeting.case)
    assert (done.keys, done.left) == (0, 1)
    (row,) = connection.execute(exposures.select()).mappings()
    assert (row["revised_type"], row["batch"]) == (None, 7)


def test_who_uploaded_them_proves_it_by_what_the_upload_left(
    *, connection, authority, desk, meeting, withdraw
):
    upload(connection, authority, meeting, batch=7)
    key = meeting.key(meeting.case_key)
    named = (key.key, key.start_interval, key.period)
    desk.uploaded["token of the upload"] = frozenset({named})
    share_again(desk, meeting, "token of the upload")

    done = withdraw(meeting.case)
    assert (done.keys, done.left) == (1, 0)


def test_a_key_that_waits_never_goes_out(
    *, connection, authority, desk, meeting, withdraw
):
    desk.share_case(meeting)
    upload(connection, authority, meeting)
    withdraw(meeting.case)

    (row,) = connection.execute(exposures.select()).mappings()
    assert (row["batch"], row["report_type"]) == (0, ReportType.REVOKED)


def test_contacts_that_nobody_else_met_are_dismissed_with_their_keys(
    *, connection, scope, desk, meeting, withdraw
):
    desk.share_case(meeting)
    own = meeting.key(b"\x04" * 16, meeting.day + 2)
    ask = {"first_day": meeting.day, "last_day": meeting.day}
    token = desk.issue(meeting.contact, source=meeting.case, recursive=True, **ask)
    address = desk.address(desk.open(token))
    desk.take(token, meeting.contact_package(address, recursive=(own,)))
    done = withdraw(meeting.case)

    assert (done.contacts, done.recursive_keys) == (1, 1)
    assert read_case(connection, scope, meeting.contact)["status"] == "dismissed"
    assert read_case(connection, scope, meeting.case)["status"] == "withdrawn"
    assert connection.execute(recursive_keys.select()).all() == []


def test_a_contact_that_met_another_case_stays(
    *, connection, scope, desk, meeting, withdraw, new_case
):
    desk.share_case(meeting)
    desk.share_contact(meeting)
    first = meeting.case
    meeting.case = new_case(connection, onset_day=meeting.day)
    desk.share_case(meeting)
    desk.share_contact(meeting)

    assert withdraw(first).contacts == 0
    assert read_case(connection, scope, meeting.contact)["status"] == "open"


def test_what_is_no_case_or_gone_is_not_withdrawn(meeting, withdraw):
    assert code_of(lambda: withdraw(meeting.contact)) == "nothing_to_withdraw"
    withdraw(meeting.case)
    assert code_of(lambda: withdraw(meeting.case)) == "invalid_state"
