"""What a case heard: compared while its day is kept, and by nobody afterwards."""

import pytest

from proximity.authority.cases.heard_log import (
    case_evidence,
    claim_heard,
    heard_names,
    keep_heard,
)
from proximity.authority.cases.model import heard_tags, share_tokens
from proximity.authority.cases.records import Scope, read_case
from proximity.protocol.sharing import HeardTag, SentId, tag_id

DAY = 20_000
BEGIN_S = DAY * 86_400
OWN = b"\x22" * 16


@pytest.fixture
def shared(connection, desk, meeting, vault):
    """Let a case share that it heard one ID over midnight; return its token's row."""
    token = desk.issue(meeting.case)
    salt = desk.open(token).salt
    connection.execute(share_tokens.update().values(used_s=1))
    row = dict(connection.execute(share_tokens.select()).mappings().one())
    tag = tag_id(salt, OWN)
    heard = [
        HeardTag(tag, BEGIN_S - 60, BEGIN_S + 60, 3),
        HeardTag(tag, BEGIN_S + 300, BEGIN_S + 310, 1),
    ]
    assert keep_heard(connection, vault, row, heard * 2, retention_days=21) == 2
    return row


def names_of(connection, vault, ref: str):
    return heard_names(connection, vault, ref, range(DAY - 1, DAY + 2))


def test_an_id_is_found_on_its_day_and_beside_it(connection, vault, meeting, shared):
    names = names_of(connection, vault, meeting.case)
    found = names.of(SentId(OWN, BEGIN_S, BEGIN_S + 600))
    stored = [bytes(r.tag) for r in connection.execute(heard_tags.select())]

    assert set(stored) <= set(found)
    assert len(set(stored)) == 2
    assert not set(stored) & set(names.of(SentId(b"\x23" * 16, BEGIN_S, BEGIN_S + 600)))
    source = read_case(connection, Scope("test"), meeting.case)
    evidence = case_evidence(connection, source, names, claimant=meeting.contact)
    assert sum(map(len, evidence.heard.values())) == 2


def test_no_tag_that_a_device_sent_is_stored(connection, meeting, shared):
    tag = tag_id(bytes(shared["salt"]), OWN)

    assert tag not in [bytes(r.tag) for r in connection.execute(heard_tags.select())]


def test_a_copy_of_the_database_tells_nothing_when_the_day_is_over(
    connection, vault, meeting, shared
):
    """The rows are still here, as they are in a backup: nobody can name them."""
    vault.key_store.destroy_due(DAY - 1 + 21)
    names = names_of(connection, vault, meeting.case)
    assert set(names.days) == {DAY}

    vault.key_store.destroy_due(DAY + 21)
    names = names_of(connection, vault, meeting.case)
    assert names.of(SentId(OWN, BEGIN_S, BEGIN_S + 600)) == []
    assert len(connection.execute(heard_tags.select()).all()) == 2
    assert repr(names) == "<HeardNames of 0 days>"


def test_what_another_contact_has_claimed_is_no_evidence(
    connection, vault, meeting, shared
):
    names = names_of(connection, vault, meeting.case)
    sent = [SentId(OWN, BEGIN_S, BEGIN_S + 600)]
    claim = {"source": meeting.case, "ref": meeting.contact}

    assert claim_heard(connection, claim, sent, names) == 0
    assert claim_heard(connection, claim | {"ref": "OTHER"}, sent, names) == 2
    source = read_case(connection, Scope("test"), meeting.case)
    for ref, count in ((meeting.contact, 2), ("OTHER", 0)):
        evidence = case_evidence(connection, source, names, claimant=ref)
        assert sum(map(len, evidence.heard.values())) == count


def test_a_case_that_shared_nothing_has_no_names(connection, vault, meeting):
    assert names_of(connection, vault, meeting.case).days == {}
