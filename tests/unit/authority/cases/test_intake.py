"""What is taken of a package, and what is refused: forged, replayed, not asked for."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proximity.authority.api_error import ApiError
from proximity.authority.cases.events import timeline
from proximity.authority.cases.intake import forget_shared
from proximity.authority.cases.model import (
    edges,
    heard_tags,
    recursive_keys,
    shared_keys,
)
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.sharing import sign_package

DAY_S = 86_400


def refusal(work) -> str:
    with pytest.raises(ApiError) as raised:
        work()
    return raised.value.code


def rows(connection, table) -> list:
    return connection.execute(table.select()).mappings().all()


def test_a_case_that_shares_leaves_keys_and_salted_tags(desk, meeting, connection):
    taken = desk.share_case(meeting)

    assert (taken.kind, taken.keys, taken.heard) == ("case", 1, 3)
    (key,) = rows(connection, shared_keys)
    assert (key["ref"], bytes(key["key"])) == (meeting.case, meeting.case_key)
    ids = {sent.ephemeral_id for sent in meeting.sent_by(meeting.contact_key)}
    assert not any(
        bytes(row["tag"]) in i for row in rows(connection, heard_tags) for i in ids
    )


def test_two_logs_that_agree_make_an_edge_and_nothing_else_stays(
    desk, meeting, connection
):
    desk.share_case(meeting)
    taken = desk.share_contact(meeting)

    assert (taken.verdict, taken.close, taken.keys) == ("mutual", True, 0)
    (edge,) = rows(connection, edges)
    assert (edge["source"], edge["target"]) == (meeting.case, meeting.contact)
    assert (edge["level"], edge["first_day"]) == (2, meeting.day)
    ids = [sent.ephemeral_id for sent in meeting.sent_by(meeting.contact_key)]
    stored = "".join(
        str(rows(connection, table)) for table in (edges, heard_tags, shared_keys)
    )
    assert not any(i.hex() in stored or str(i)[2:-1] in stored for i in ids)
    kinds = [event.kind for event in timeline(connection, meeting.contact)]
    assert kinds == ["created", "token", "shared"]


def test_a_contact_that_the_case_did_not_hear_is_none(desk, meeting, connection):
    desk.share_case(meeting, deaf=True)
    taken = desk.share_contact(meeting)

    assert (taken.verdict, taken.close) == ("case-silent", False)
    assert rows(connection, edges)[0]["level"] == 0


def test_who_claims_the_ids_of_another_contact_is_not_believed(
    desk, meeting, connection, new_case
):
    desk.share_case(meeting)
    assert desk.share_contact(meeting).close
    thief = new_case(connection, "F1")

    assert desk.share_contact(meeting, thief).verdict == "case-silent"
    told = timeline(connection, meeting.case)[-1].detail
    assert (told["target"], told["claimed_before"]) == (thief, 3)


def test_a_package_of_another_device_is_forged(desk, meeting):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)
    other = Ed25519PrivateKey.from_private_bytes(b"\x06" * 32)

    assert refusal(lambda: desk.take(token, package, other)) == "package_forged"


def test_a_package_of_one_token_is_replayed_at_another(desk, meeting, new_case):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)
    desk.take(token, package)
    other = desk.issue(meeting.case)
    desk.open(other)

    assert refusal(lambda: desk.take(other, package)) == "package_replayed"


def test_a_package_for_another_authority_or_case_is_refused(desk, meeting):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    address = desk.address(opened)
    for wrong in (
        replace(address, authority="org.other"),
        replace(address, case=meeting.contact),
        replace(address, nonce=bytes(16)),
    ):
        package = meeting.case_package(wrong, opened.salt)
        assert refusal(lambda p=package: desk.take(token, p)) == "package_replayed"


def test_an_answer_that_was_lost_is_given_again_and_no_other_package(
    desk, meeting, connection
):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)

    assert desk.take(token, package) == desk.take(token, package)
    other = replace(package, heard=package.heard[:1])
    assert refusal(lambda: desk.take(token, other)) == "already_shared"
    assert len(rows(connection, heard_tags)) == 3


def test_a_token_that_was_not_opened_takes_nothing(desk, meeting):
    token = desk.issue(meeting.case)
    package = meeting.case_package(
        replace(desk.address(desk.open(desk.issue(meeting.case)))), bytes(16)
    )

    assert refusal(lambda: desk.take(token, package)) == "token_not_opened"


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 100, b"[" * 10_000])
def test_bytes_that_are_no_package_are_refused(desk, meeting, data):
    token = desk.issue(meeting.case)
    desk.open(token)

    assert refusal(lambda: desk.take(token, data)) == "package_malformed"


def test_a_contact_cannot_answer_a_cases_token(desk, meeting):
    token = desk.issue(meeting.case)
    package = meeting.contact_package(desk.address(desk.open(token)))

    assert refusal(lambda: desk.take(token, package)) == "package_malformed"


def test_days_that_were_not_asked_for_are_refused(desk, meeting):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)
    early = meeting.key(b"\x03" * 16, meeting.day - 4)
    tag = replace(package.heard[0], from_s=(meeting.day - 9) * DAY_S)

    for wrong in (
        replace(package, keys=(early,)),
        replace(package, heard=(tag,)),
        replace(package, keys=(meeting.key(b"\x03" * 16, meeting.day + 3),)),
    ):
        assert refusal(lambda p=wrong: desk.take(token, p)) == "not_asked_for"


def test_a_close_contact_that_agrees_gives_keys_to_warn_its_own(
    desk, meeting, connection
):
    desk.share_case(meeting)
    own = meeting.key(b"\x04" * 16, meeting.day + 2)
    ask = {"first_day": meeting.day, "last_day": meeting.day}
    token = desk.issue(meeting.contact, source=meeting.case, recursive=True, **ask)
    address = desk.address(desk.open(token))

    taken = desk.take(token, meeting.contact_package(address, recursive=(own,)))
    assert taken.keys == 1
    (key,) = rows(connection, recursive_keys)
    assert (bytes(key["key"]), key["onset_days"]) == (own.key, 0)
    assert key["release_s"] == own.valid_to_s + 7_200


def test_keys_that_were_not_asked_for_are_refused(desk, meeting):
    desk.share_case(meeting)
    token = desk.issue(meeting.contact, source=meeting.case)
    address = desk.address(desk.open(token))
    own = meeting.key(b"\x04" * 16, meeting.day + 2)
    package = meeting.contact_package(address, recursive=(own,))

    assert refusal(lambda: desk.take(token, package)) == "not_asked_for"


def test_who_only_says_to_be_a_contact_warns_nobody(desk, meeting, connection):
    desk.share_case(meeting, deaf=True)
    own = meeting.key(b"\x04" * 16, meeting.day + 2)
    ask = {"first_day": meeting.day, "last_day": meeting.day}
    token = desk.issue(meeting.contact, source=meeting.case, recursive=True, **ask)
    package = meeting.contact_package(desk.address(desk.open(token)), recursive=(own,))

    assert desk.take(token, package).keys == 0
    assert rows(connection, recursive_keys) == []


def test_ids_and_keys_are_forgotten_after_twenty_one_days(desk, meeting, connection):
    desk.share_case(meeting)
    end_s = (meeting.day + 21) * DAY_S + 36_000 + 1_795

    assert forget_shared(connection, end_s - 1_795) == 0
    forget_shared(connection, end_s)
    assert rows(connection, heard_tags) == []
    assert len(rows(connection, shared_keys)) == 1
    forget_shared(connection, (meeting.day + 22) * DAY_S)
    assert rows(connection, shared_keys) == []


def test_a_signed_package_is_bound_to_its_bytes(desk, meeting):
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    key = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    data = sign_package(meeting.case_package(desk.address(opened), opened.salt), key)
    spoiled = data.replace(b'"signature": "', b'"signature": "00', 1)

    assert refusal(lambda: desk.take(token, spoiled)) == "package_malformed"
    assert desk.take(token, data).keys == 1


def test_a_sighting_that_ends_years_ahead_is_refused(desk, meeting, connection):
    """It would be kept until then, and agree with whatever a contact claims."""
    token = desk.issue(meeting.case)
    opened = desk.open(token)
    package = meeting.case_package(desk.address(opened), opened.salt)
    endless = replace(package.heard[0], to_s=2**32)

    wrong = replace(package, heard=(endless,))
    assert refusal(lambda: desk.take(token, wrong)) == "not_asked_for"
    assert rows(connection, heard_tags) == []


def test_a_contact_cannot_have_the_keys_of_others_published_as_its_own(
    desk, meeting, connection, new_case
):
    """Those of a case it learnt by its token, those of anybody from an export."""
    desk.share_case(meeting)
    day = meeting.day + 2
    of_case = meeting.key(b"\x0a" * 16, day)
    published = meeting.key(b"\x0b" * 16, day)
    other = new_case(connection, onset_day=meeting.day)
    kept = {"start": day * 144, "period": 144, "forget_s": 2**40}
    connection.execute(shared_keys.insert().values(ref=other, key=of_case.key, **kept))
    accepted = AcceptedKey(
        published.key, day * 144, 144, ReportType.CONFIRMED_TEST, 0, 2
    )
    upload = Upload((accepted,), False, None, bytes(32), desk.authority.now_s)
    store_uploads(connection, [upload], "VN", now_s=desk.authority.now_s)
    connection.execute(exposures.update().values(batch=5))

    ask = {"first_day": meeting.day, "last_day": meeting.day}
    for stolen in (of_case, published):
        token = desk.issue(meeting.contact, source=meeting.case, recursive=True, **ask)
        address = desk.address(desk.open(token))
        package = meeting.contact_package(address, recursive=(stolen,))
        taken = desk.take(token, package)
        assert (taken.close, taken.keys) == (True, 0)
    assert rows(connection, recursive_keys) == []
