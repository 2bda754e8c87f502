"""Every variant of Bluezone's match rule finds what the plain form finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proximity.kernels.dispatch import available_variants
from proximity.matching.bluezone_candidates import match_history
from proximity.protocol import bluezone_list
from proximity.protocol.bluezone_history import HistoryRow
from proximity.protocol.bluezone_list import PublishedKey, slots

DAY_S = 86_400
START_S = 1_596_844_800
# Of slots of half a day, of the usual length, of counts that do not divide a day.
COUNTS = st.sampled_from([2, 7, 96, 97, 100, 289])


def day_key(number):
    return number.to_bytes(32, "big")


@st.composite
def published(draw):
    start = START_S + draw(st.sampled_from([0, DAY_S, -3 * DAY_S, 5, 40_000]))
    span = draw(st.sampled_from([-1, 0, 1, 899, 900, DAY_S - 1, DAY_S, 3 * DAY_S + 7]))
    number = draw(st.integers(0, 2))
    return PublishedKey(day_key(number), start, start + span, draw(COUNTS))


@st.composite
def worlds(draw):
    """Few keys that share IDs; rows near the edges of slots, and IDs nearly right."""
    keys = draw(st.lists(published(), max_size=5))
    known = [slot for key in keys for slot in slots(key)]
    tolerance = draw(st.sampled_from([0, 1, 120_000, DAY_S * 1_000, 10**11, 2**80]))
    rows = []
    for _ in range(draw(st.integers(0, 12)) if known else 0):
        slot = known[draw(st.integers(0, len(known) - 1))]
        edge = draw(st.sampled_from([slot.start_ms, slot.end_ms]))
        reach = draw(st.sampled_from([0, tolerance, -tolerance]))
        nudge = draw(st.integers(-2, 2) | st.integers(-(10**9), 10**9))
        t_ms = min(max(edge + reach + nudge, 10**9), 10**13 - 1)
        near = bytes([*slot.ephemeral_id[:-1], slot.ephemeral_id[-1] ^ 1])
        heard = draw(st.sampled_from([slot.ephemeral_id] * 4 + [near, bytes(12)]))
        rows += [HistoryRow(bytes(12), heard, -60, t_ms)] * draw(st.integers(1, 3))
    return keys, rows, tolerance


@pytest.mark.parametrize("variant", available_variants())
@settings(derandomize=True, deadline=None, max_examples=120)
@given(world=worlds())
def test_every_variant_equals_the_plain_form(variant, world):
    keys, history, tolerance = world
    plain = bluezone_list.match_history(keys, history, tolerance_ms=tolerance)

    found = match_history(keys, history, tolerance_ms=tolerance, variant=variant)

    assert found == plain


@pytest.mark.parametrize("variant", available_variants())
def test_many_keys_over_many_days_are_equal_too(variant):
    """More chains than one batch and more slots than one call, all mixed."""
    generator = np.random.default_rng(11)
    keys, rows = [], []
    for number in range(90):
        start = START_S + int(generator.integers(-3 * DAY_S, 20 * DAY_S))
        span = int(generator.integers(0, 5 * DAY_S))
        count = int(generator.choice([24, 96, 97, 500]))
        keys.append(PublishedKey(day_key(number), start, start + span, count))
        for slot in list(slots(keys[-1]))[:: int(generator.integers(1, 90))]:
            t_ms = slot.start_ms + int(generator.integers(-200_000, 1_100_000))
            rows.append(HistoryRow(bytes(12), slot.ephemeral_id, -60, t_ms))
    plain = bluezone_list.match_history(keys, rows)

    assert len(plain) > 500
    assert match_history(keys, rows, variant=variant) == plain
