import numpy as np
import pytest

from proximity.client import computations as module
from proximity.client.computations import computations
from proximity.errors import KernelError
from proximity.kernels.dispatch import available_variants
from proximity.matching.candidates import Candidates, EncounterIndex

SEARCHES = [f"candidates-{name}" for name in available_variants()]


@pytest.fixture(autouse=True)
def unforced(monkeypatch):
    monkeypatch.delenv("PROXIMITY_KERNEL", raising=False)


def wrong():
    return [each.name for each in computations() if not each.is_right()]


def test_every_variant_that_runs_here_is_computed_with():
    names = [each.name for each in computations()]

    assert names[:2] == ["ephemeral-ids", "metadata"]
    assert names[2 : 2 + len(SEARCHES)] == SEARCHES


@pytest.mark.skipif(len(SEARCHES) == 1, reason="nothing was compiled")
def test_everything_comes_out_right_on_this_machine():
    assert wrong() == []


def test_a_forced_variant_is_the_only_one(monkeypatch):
    assert [each.name for each in computations("python")][2:] == ["candidates-python"]

    monkeypatch.setenv("PROXIMITY_KERNEL", "python")
    assert [each.name for each in computations()][2] == "candidates-python"
    assert len(computations("python")) == 3


def test_a_variant_that_cannot_run_is_named():
    with pytest.raises(KernelError, match="no kernel variant"):
        computations("abacus")


def test_a_machine_without_compiled_kernels_is_told(monkeypatch):
    monkeypatch.setattr(module, "available_variants", lambda: ("python",))
    monkeypatch.setattr(module, "choose_variant", lambda forced: "python")

    with pytest.raises(KernelError):
        computations()[-1].is_right()


def test_wrong_ids_are_found(monkeypatch):
    monkeypatch.setattr(
        module, "derive_ephemeral_ids", lambda *_: np.zeros((144, 16), np.uint8)
    )

    assert "ephemeral-ids" in wrong()


def test_wrong_metadata_is_found(monkeypatch):
    monkeypatch.setattr(module, "encrypt_metadata", lambda *_: bytes(4))

    assert "metadata" in wrong()


def test_a_search_that_misses_the_last_id_is_found(monkeypatch):
    find = EncounterIndex.find

    def miss(self, keys):
        return Candidates(*(each[:-1] for each in find(self, keys)))

    monkeypatch.setattr(EncounterIndex, "find", miss)

    assert [name for name in wrong() if name.startswith("candidates-")] == SEARCHES
