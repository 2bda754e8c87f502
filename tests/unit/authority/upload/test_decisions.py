"""What an upload does to the keys that are stored."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.upload.decisions import (
    WITHDRAWN,
    Changes,
    Stored,
    StoredKey,
    decide,
)
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.protocol.diagnosis_key import ReportType

CONFIRMED, CLINICAL, SELF, REVOKED = (
    ReportType.CONFIRMED_TEST,
    ReportType.CONFIRMED_CLINICAL_DIAGNOSIS,
    ReportType.SELF_REPORT,
    ReportType.REVOKED,
)
A, B = b"a" * 16, b"b" * 16


def key(data: bytes = A, report_type: ReportType = CONFIRMED, period: int = 144):
    return AcceptedKey(data, 144, period, report_type, 0, 2)


def upload(*keys: AcceptedKey, token=None, certificate: bytes = b"c"):
    return Upload(keys, False, token, certificate, 900)


def token_for(*keys: AcceptedKey):
    return frozenset((each.key, each.start, each.period) for each in keys)


def stored(report_type: ReportType = CONFIRMED, **changed):
    return {A: StoredKey(144, 144, report_type, **changed)}


def code_of(answer) -> str:
    assert isinstance(answer, ApiError)
    assert answer.status == 400
    return answer.code


def test_new_keys_are_inserted():
    changes = Changes()

    assert decide(upload(key(A), key(B)), {}, {}, changes) == Stored(2)
    assert [each.key for each, _ in changes.inserted] == [A, B]


def test_a_certificate_that_comes_again_gets_the_same_answer():
    rows, spent, changes = {}, {}, Changes()
    first = decide(upload(key()), rows, spent, changes)

    assert decide(upload(key()), rows, spent, changes) == first == Stored(1)
    assert len(changes.inserted) == 1


def test_a_known_key_needs_a_token():
    answer = decide(upload(key()), stored(), {}, Changes())

    assert code_of(answer) == "missing_revision_token"


@pytest.mark.parametrize(
    "token", [frozenset(), token_for(key(B)), token_for(key(period=9))]
)
def test_a_token_for_other_keys_does_not_open(token):
    answer = decide(upload(key(), token=token), stored(), {}, Changes())

    assert code_of(answer) == "invalid_revision_token"


def test_a_known_key_never_changes_its_validity():
    longer = key(report_type=CONFIRMED, period=9)
    both = token_for(key()) | token_for(longer)
    answer = decide(upload(longer, token=both), stored(CLINICAL), {}, Changes())

    assert code_of(answer) == "invalid_revision_token"


def test_the_same_report_again_changes_nothing_and_new_keys_go_in():
    changes = Changes()
    again = upload(key(A), key(B), token=token_for(key(A)))

    assert decide(again, stored(), {}, changes) == Stored(1)
    assert (len(changes.inserted), changes.replaced, changes.revised) == (1, [], [])


def test_a_key_that_waits_is_replaced_and_a_published_one_revised():
    waiting, published = Changes(), Changes()
    change = upload(key(), token=token_for(key()))

    decide(change, stored(CLINICAL), {}, waiting)
    decide(change, stored(CLINICAL, batch=3), {}, published)

    assert (len(waiting.replaced), len(waiting.revised)) == (1, 0)
    assert (len(published.replaced), len(published.revised)) == (0, 1)


def test_a_key_is_revised_once():
    rows = stored(SELF, batch=3, revised_type=CLINICAL)
    answer = decide(upload(key(), token=token_for(key())), rows, {}, Changes())

    assert code_of(answer) == "key_already_revised"


@pytest.mark.parametrize("batch", [None, 3, WITHDRAWN])
def test_a_report_does_not_move_back(batch):
    back = upload(key(report_type=CLINICAL), token=token_for(key()))
    answer = decide(back, stored(CONFIRMED, batch=batch), {}, Changes())

    assert code_of(answer) == "invalid_report_type_transition"


def test_a_key_that_nobody_uploaded_is_not_revoked():
    answer = decide(upload(key(report_type=REVOKED)), {}, {}, Changes())

    assert code_of(answer) == "invalid_report_type_transition"


def test_a_refusal_changes_nothing():
    rows, spent, changes = stored(CLINICAL, batch=3), {}, Changes()
    mixed = upload(key(A), key(B), token=frozenset())
    decide(mixed, rows, spent, changes)

    assert (set(rows), spent) == ({A}, {})
    assert rows[A].revised_type is None
    assert changes == Changes()


def test_two_uploads_of_one_group_see_each_other():
    rows, spent, changes = {}, {}, Changes()
    decide(upload(key(), certificate=b"1"), rows, spent, changes)
    second = decide(upload(key(), certificate=b"2"), rows, spent, changes)

    assert code_of(second) == "missing_revision_token"
