"""What two logs prove: symmetric in time, deaf to invention, refused when replayed."""

from hypothesis import given
from hypothesis import strategies as st

from proximity.authority.cases.mutual import (
    Verdict,
    compare_logs,
    heard_by_case,
    heard_of_case,
    ids_of_keys,
)
from proximity.protocol.gaen import TemporaryExposureKey
from proximity.protocol.sharing import HeardRow, HeardTag, SentId, tag_id

BEGIN_S = 20_600 * 86_400
SALT = b"\x07" * 16
TOLERANCE_S, SHARE = 300, 0.5
KEY = TemporaryExposureKey(b"\x01" * 16, 20_600 * 144)
IDS = ids_of_keys([KEY])
IN_ORDER = sorted(IDS, key=IDS.__getitem__)

moments = st.lists(
    st.integers(BEGIN_S, BEGIN_S + 86_399), max_size=40, unique=True
).map(sorted)
spans = st.lists(
    st.tuples(st.integers(BEGIN_S, BEGIN_S + 86_399), st.integers(0, 1_200)).map(
        lambda each: (each[0], each[0] + each[1])
    ),
    max_size=12,
    unique=True,
).map(sorted)


def named(claim: SentId) -> list[bytes]:
    return [tag_id(SALT, claim.ephemeral_id)]


def compare(contact, case):
    return compare_logs(contact, case, tolerance_s=TOLERANCE_S, least_share=SHARE)


@given(moments, spans, moments)
def test_sightings_that_a_contact_invents_never_prove_more(heard, case, invented):
    """Whatever is added, nothing is agreed beside the times that the case tells."""
    found = compare(sorted({*heard, *invented}), case)

    for t_s in found.agreed_s:
        assert any(a - TOLERANCE_S <= t_s <= b + TOLERANCE_S for a, b in case)
    if found.verdict is Verdict.MUTUAL:
        assert min(found.contact_share, found.case_share) >= SHARE
    else:
        assert not found.agreed_s


@given(moments, spans)
def test_either_log_alone_proves_nothing(heard, case):
    assert not compare(heard, []).agreed_s
    assert not compare([], case).agreed_s


@given(moments, spans, st.integers(-10_000, 10_000))
def test_only_the_distance_in_time_matters(heard, case, minutes):
    # By whole minutes: shares are counted in them.
    shift_s = 60 * minutes
    moved = compare(
        [t_s + shift_s for t_s in heard], [(a + shift_s, b + shift_s) for a, b in case]
    )
    found = compare(heard, case)

    assert moved.verdict is found.verdict
    assert moved.agreed_s == {t_s + shift_s for t_s in found.agreed_s}


@given(st.sampled_from(IN_ORDER), st.integers(-86_400, 86_400))
def test_an_id_counts_only_near_its_own_ten_minutes(ephemeral_id, delay_s):
    start_s = IDS[ephemeral_id] * 600
    row = HeardRow(ephemeral_id, bytes(4), (start_s + delay_s,), (-60,))

    believed = -TOLERANCE_S <= delay_s < 600 + TOLERANCE_S
    assert bool(heard_of_case([row], IDS, TOLERANCE_S)) is believed


@given(
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 80_000),
    st.integers(-80_000, 80_000),
)
def test_a_claim_counts_only_for_the_id_and_the_time_that_were_heard(
    own, claimed, at_s, delay_s
):
    tag = tag_id(SALT, own)
    from_s = BEGIN_S + at_s
    heard = {tag: [HeardTag(tag, from_s, from_s + 600, 5)]}
    claim = SentId(claimed, from_s + delay_s, from_s + delay_s + 600)

    near = -600 - TOLERANCE_S <= delay_s <= 600 + TOLERANCE_S
    found = heard_by_case([claim], heard, named, TOLERANCE_S)
    assert bool(found) is (own == claimed and near)


@given(st.lists(st.integers(0, 143), min_size=1, max_size=6, unique=True))
def test_two_honest_logs_always_agree(intervals):
    contact = [
        BEGIN_S + 600 * interval + 60 * minute
        for interval in sorted(intervals)
        for minute in range(10)
    ]
    case = [(BEGIN_S + 600 * i + 5, BEGIN_S + 600 * i + 590) for i in sorted(intervals)]
    found = compare(contact, case)

    assert found.verdict is Verdict.MUTUAL
    assert (found.contact_share, found.case_share) == (1.0, 1.0)
