"""Two logs that agree, and what replay and invention make of them."""

import pytest

from proximity.authority.cases.mutual import (
    Verdict,
    compare_logs,
    heard_by_case,
    heard_of_case,
    ids_of_keys,
)
from proximity.protocol.gaen import TemporaryExposureKey, derive_ephemeral_ids
from proximity.protocol.sharing import HeardRow, HeardTag, SentId, tag_id

START = 20_600 * 144
KEY = TemporaryExposureKey(b"\x01" * 16, START)
IDS = ids_of_keys([KEY])
T_S = START * 600 + 36_000
OF_CASE = derive_ephemeral_ids(KEY.key, START)[60].tobytes()
OWN = b"\x22" * 16
SALT = b"\x07" * 16


def row(*times: int, ephemeral_id: bytes = OF_CASE) -> HeardRow:
    return HeardRow(ephemeral_id, bytes(4), times, (-60,) * len(times))


def named(claim: SentId) -> list[bytes]:
    return [tag_id(SALT, claim.ephemeral_id)]


def log(*spans: tuple[int, int], of: bytes = OWN) -> dict:
    tag = tag_id(SALT, of)
    return {tag: [HeardTag(tag, from_s, to_s, 5) for from_s, to_s in spans]}


def verdict(contact, case, tolerance_s=300, least_share=0.5) -> Verdict:
    return compare_logs(
        contact, case, tolerance_s=tolerance_s, least_share=least_share
    ).verdict


def test_every_id_of_a_key_is_known_by_its_interval():
    assert len(IDS) == 144
    assert IDS[OF_CASE] == START + 60


def test_a_sighting_counts_while_its_id_was_sent():
    rows = [row(T_S - 400, T_S - 200, T_S, T_S + 599, T_S + 1_000)]

    assert heard_of_case(rows, IDS, 300) == [T_S - 200, T_S, T_S + 599]


def test_an_id_that_is_replayed_an_hour_later_does_not_count():
    assert heard_of_case([row(T_S + 3_600)], IDS, 300) == []


def test_an_id_of_somebody_else_does_not_count():
    assert heard_of_case([row(T_S, ephemeral_id=b"\x09" * 16)], IDS, 300) == []


def test_the_case_heard_what_the_contact_sent():
    sent = [SentId(OWN, T_S, T_S + 600)]
    case = heard_by_case(sent, log((T_S + 30, T_S + 500)), named, 300)

    assert case == [(T_S + 30, T_S + 500)]


def test_an_id_that_the_case_heard_at_another_time_is_no_evidence():
    sent = [SentId(OWN, T_S, T_S + 600)]

    assert heard_by_case(sent, log((T_S + 3_000, T_S + 3_100)), named, 300) == []


def test_who_claims_to_have_sent_one_id_all_day_is_not_heard():
    sent = [SentId(OWN, T_S - 40_000, T_S + 40_000)]

    assert heard_by_case(sent, log((T_S, T_S + 100)), named, 300) == []


def test_tags_of_another_case_say_nothing():
    sent = [SentId(OWN, T_S, T_S + 600)]

    def other(claim: SentId) -> list[bytes]:
        return [tag_id(b"\x08" * 16, claim.ephemeral_id)]

    assert heard_by_case(sent, log((T_S, T_S + 100)), other, 300) == []


def test_logs_that_agree_are_mutual():
    times = list(range(T_S, T_S + 900, 60))
    found = compare_logs(
        times, [(T_S + 10, T_S + 590)], tolerance_s=300, least_share=0.5
    )

    assert found.verdict is Verdict.MUTUAL
    assert found.agreed_s == set(range(T_S, T_S + 891, 60))
    assert (found.contact_share, found.case_share) == (1.0, 1.0)


def test_what_only_the_contact_tells_is_not_believed():
    assert verdict([T_S], []) is Verdict.CASE_SILENT


def test_what_only_the_case_tells_is_no_contact():
    assert verdict([], [(T_S, T_S)]) is Verdict.CONTACT_SILENT


def test_an_hour_invented_around_two_true_minutes_counts_for_nothing():
    times = list(range(T_S, T_S + 7_200, 60))
    found = compare_logs(times, [(T_S, T_S + 120)], tolerance_s=300, least_share=0.5)

    assert found.verdict is Verdict.DISAGREE
    assert found.agreed_s == frozenset()


@pytest.mark.parametrize(
    ("shift_s", "expected"), [(299, Verdict.MUTUAL), (301, Verdict.DISAGREE)]
)
def test_clocks_may_differ_by_the_tolerance(shift_s, expected):
    assert verdict([T_S], [(T_S + shift_s, T_S + shift_s + 60)]) is expected
