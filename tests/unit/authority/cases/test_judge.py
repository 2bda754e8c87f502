"""What a package proves: scored only as far as both logs agree, and explained."""

import json

import pytest

from proximity.authority.cases.judge import (
    CaseEvidence,
    explain_edge,
    judge,
    load_texts,
)
from proximity.authority.cases.mutual import Verdict
from proximity.authority.cases.policy import TracingPolicy
from proximity.protocol.gaen import (
    TemporaryExposureKey,
    derive_ephemeral_ids,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.sharing import (
    Address,
    ContactPackage,
    HeardRow,
    HeardTag,
    SentId,
    tag_id,
)
from proximity.scoring.config import built_in
from proximity.scoring.rule import Level

DAY = 20_600
START = DAY * 144
KEY = TemporaryExposureKey(b"\x01" * 16, START)
BEGIN_S = DAY * 86_400 + 36_000
NOW_S = (DAY + 2) * 86_400
SALT = b"\x07" * 16
RULE = built_in("en-v2")


def rows_of(minutes: int, rssi_dbm: int = -60) -> tuple[HeardRow, ...]:
    """Return the sightings of a contact from ten o'clock on, one a minute."""
    ids = derive_ephemeral_ids(KEY.key, START)
    rows = []
    for first in range(0, minutes, 10):
        ephemeral_id = ids[60 + first // 10].tobytes()
        times = tuple(
            BEGIN_S + 60 * m + 5 for m in range(first, min(minutes, first + 10))
        )
        metadata = encrypt_metadata(KEY.key, ephemeral_id, encode_metadata(-20))
        rows.append(HeardRow(ephemeral_id, metadata, times, (rssi_dbm,) * len(times)))
    return tuple(rows)


def contact(minutes: int, *, heard_minutes: int | None = None, rssi_dbm: int = -60):
    """Return a package, and what the case heard of its sender."""
    sent, heard = [], {}
    for place in range(0, minutes, 10):
        own = bytes([place + 1]) * 16
        from_s = BEGIN_S + 60 * place
        sent.append(SentId(own, from_s, from_s + 600))
        if place < (minutes if heard_minutes is None else heard_minutes):
            tag = tag_id(SALT, own)
            heard[tag] = [HeardTag(tag, from_s + 10, from_s + 590, 10)]
    rows = rows_of(minutes, rssi_dbm)
    scans = tuple((t * 1_000 - 500, t * 1_000 + 3_500) for r in rows for t in r.t_s)
    address = Address("org.proximity", "AAAAAAAAAA", bytes(16))
    package = ContactPackage(address, rows, scans, tuple(sent))
    return package, CaseEvidence((KEY,), heard, named, DAY)


def named(claim: SentId) -> list[bytes]:
    return [tag_id(SALT, claim.ephemeral_id)]


def edge_of(*given, **options):
    package, evidence = contact(*given, **options)
    return judge(package, evidence, TracingPolicy(), RULE, now_s=NOW_S)


def test_half_an_hour_that_both_logs_tell_is_a_close_contact():
    edge = edge_of(30)

    assert (edge.verdict, edge.level) == (Verdict.MUTUAL, Level.HIGH)
    assert (edge.first_day, edge.last_day) == (DAY, DAY)
    # Thirty scans, each standing for the minute before it.
    assert 29 <= edge.minutes <= 31


def test_what_the_case_did_not_hear_scores_nothing():
    edge = edge_of(30, heard_minutes=0)

    assert (edge.verdict, edge.level, edge.value) == (
        Verdict.CASE_SILENT,
        Level.NONE,
        0.0,
    )


def test_a_nearer_contact_ranks_above_a_farther_one():
    assert edge_of(30, rssi_dbm=-50).value > edge_of(30, rssi_dbm=-85).value


def test_invented_minutes_add_nothing():
    honest = edge_of(40, heard_minutes=40)
    inventing = edge_of(80, heard_minutes=40)

    assert inventing.value <= honest.value * 1.2
    assert edge_of(120, heard_minutes=10).value == 0


@pytest.mark.parametrize("language", ["vi", "en"])
def test_an_edge_is_explained_in_both_languages(language):
    reasons = json.loads(json.dumps(edge_of(30).reasons))
    sentences = explain_edge(reasons, language)

    assert len(sentences) >= 4
    assert "100 %" in sentences[0]
    assert {"vi": "27/05/2026", "en": "27 May 2026"}[language] in sentences[1]
    assert {"vi": " phút: ", "en": " min: "}[language] in sentences[1]
    assert "en-v2" in sentences[-1]


@pytest.mark.parametrize("heard_minutes", [0, 10])
def test_what_does_not_count_is_explained_too(heard_minutes):
    reasons = edge_of(120, heard_minutes=heard_minutes).reasons

    assert len({*explain_edge(reasons, "vi"), *explain_edge(reasons, "en")}) == 4


def test_both_languages_have_the_same_texts():
    def names(value, place=""):
        if not isinstance(value, dict):
            return {place}
        return set().union(*(names(v, f"{place}/{k}") for k, v in value.items()))

    assert names(load_texts("vi")) == names(load_texts("en"))
    with pytest.raises(ValueError, match="no texts"):
        load_texts("fr")
