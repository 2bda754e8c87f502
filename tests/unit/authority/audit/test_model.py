"""Reasons are a closed list in two languages."""

from proximity.authority.audit.model import REASON_TEXTS, Reason


def test_every_reason_is_told_in_vietnamese_and_english():
    assert set(REASON_TEXTS) == set(Reason)
    assert all(len({vi, en}) == 2 for vi, en in REASON_TEXTS.values())
