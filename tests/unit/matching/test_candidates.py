"""An index is kept up to date; what it finds is in tests/contract/."""

import numpy as np
import pytest

from proximity.errors import KernelError
from proximity.kernels.dispatch import available_variants
from proximity.matching.candidates import EncounterIndex

START = 2_880_000


def test_repr_of_an_index_shows_no_ids(encounters):
    index = EncounterIndex(encounters([bytes(16)], [5]), 12)

    assert repr(index) == "<EncounterIndex n=1>"


def test_an_index_tells_which_variant_searches(encounters):
    nothing = encounters([], [])

    assert EncounterIndex(nothing, 12).variant == available_variants()[0]
    assert EncounterIndex(nothing, 12, variant="python").variant == "python"


def test_a_variant_that_cannot_run_is_refused(encounters):
    with pytest.raises(KernelError):
        EncounterIndex(encounters([], []), 12, variant="abacus")


def test_the_environment_forces_the_variant(monkeypatch, encounters):
    monkeypatch.setenv("PROXIMITY_KERNEL", "python")

    assert EncounterIndex(encounters([], []), 12).variant == "python"


def test_an_index_knows_the_encounters_of_its_last_update(encounters):
    index = EncounterIndex(encounters([bytes(16)], [START]), 12)
    later = encounters([bytes(16), b"\1" * 16], [START, START])

    index.update(later)

    assert np.array_equal(index.encounters.ephemeral_id, later.ephemeral_id)
