"""Answers that look like real ones."""

import base64
import json
from collections import Counter

import pytest

from proximity.authority.service.chaff import (
    KEPT,
    ChaffMirror,
    Seen,
    chaff_body,
    likely,
)


@pytest.mark.parametrize("size", [14, 15, 640, 4_200])
def test_a_chaff_body_has_exactly_the_size_and_is_json(size):
    body = chaff_body(size)

    assert len(body) == size
    assert set(json.loads(body)) == {"padding"}


def test_before_the_first_real_answer_a_likely_one_is_drawn():
    first = Seen(0.01, 600)

    assert ChaffMirror([first]).draw() == first


def test_likely_answers_have_every_size_that_padding_gives():
    first = likely(0.01, 405, 64)
    possible = {405 + len(base64.b64encode(bytes(n))) for n in range(64, 128)}

    assert len(first) == KEPT
    assert {seen.size for seen in first} == possible


def test_chaff_has_the_distribution_of_the_last_real_answers():
    mirror = ChaffMirror([Seen(9.0, 1)])
    for n in range(KEPT + 50):
        mirror.observe(0.001 * (n % 2), 100 + n % 2)
    drawn = Counter(mirror.draw() for _ in range(2_000))

    assert set(drawn) == {Seen(0.0, 100), Seen(0.001, 101)}
    assert 800 < drawn[Seen(0.0, 100)] < 1_200


def test_a_slow_answer_is_imitated_for_a_second_at_most():
    mirror = ChaffMirror([Seen(0.0, 20)])
    for _ in range(KEPT):
        mirror.observe(60.0, 20)

    assert mirror.draw().latency_s == 1.0
