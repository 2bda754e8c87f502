import numpy as np
import pytest

from proximity.client import computations
from proximity.client.computations import COMPUTATIONS


@pytest.mark.parametrize("computation", COMPUTATIONS, ids=lambda each: each.name)
def test_every_computation_is_right_on_this_machine(computation):
    assert computation.is_right()


def test_wrong_ids_are_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        computations,
        "derive_ephemeral_ids",
        lambda *_: np.zeros((144, 16), np.uint8),
    )

    assert [each.name for each in COMPUTATIONS if not each.is_right()] == [
        "ephemeral-ids",
        "candidates",
    ]


def test_wrong_metadata_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(computations, "encrypt_metadata", lambda *_: bytes(4))

    assert [each.name for each in COMPUTATIONS if not each.is_right()] == ["metadata"]


def test_a_search_that_misses_the_last_id_is_found(monkeypatch: pytest.MonkeyPatch):
    find = computations.candidates.find_candidates

    def miss(*arguments):
        return type(find(*arguments))(*(each[:-1] for each in find(*arguments)))

    monkeypatch.setattr(computations.candidates, "find_candidates", miss)

    assert [each.name for each in COMPUTATIONS if not each.is_right()] == ["candidates"]
