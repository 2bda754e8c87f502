"""What is taken in parts gives what it gives as a whole."""

import numpy as np
import pytest

from proximity.ranging import looks as looks_module
from proximity.ranging.levels import levels_of
from proximity.ranging.looks import Heard, looks_of, parts_of
from proximity.ranging.motion import samples_of
from proximity.ranging.population import default_parameters

FADING = default_parameters().uncalibrated.fading
ENCOUNTERS = 40


def sightings(m=3_000, scale=1):
    """Return sightings in no order, some of which were not measured."""
    generator = np.random.default_rng(12)
    heard_db = generator.uniform(40, 100, m)
    heard_db[generator.random(m) < 0.1] = np.nan
    return Heard(
        generator.integers(0, ENCOUNTERS, m),
        generator.random(m) < 0.5,
        generator.integers(0, 1_000_000, m) * scale,
        heard_db,
    )


@pytest.mark.parametrize("scale", [1, 1 << 41])
def test_sightings_in_parts_give_the_looks_of_all(monkeypatch, scale):
    whole = looks_of(sightings(scale=scale))

    monkeypatch.setattr(looks_module, "_AT_ONCE", 7)

    for mine, ours in zip(looks_of(sightings(scale=scale)), whole, strict=True):
        np.testing.assert_array_equal(mine, ours)


def test_looks_are_those_of_each_half_minute():
    heard = sightings()
    found = looks_of(heard)

    for i in range(0, len(found.look), 97):
        mine = (
            (heard.encounter == found.encounter[i])
            & (heard.forward == found.forward[i])
            & (heard.t_ms // looks_module.MS_PER_LOOK == found.look[i])
            & np.isfinite(heard.attenuation_db)
        )
        assert found.weight[i] == min(mine.sum(), looks_module.MOST_SIGHTINGS)
        mean_db = heard.attenuation_db[mine].mean()
        assert found.attenuation_db[i] == pytest.approx(mean_db, abs=1 / 1024)


@pytest.mark.parametrize("at_once", [1, 50, 333])
def test_encounters_in_parts_give_the_levels_and_samples_of_all(monkeypatch, at_once):
    looks = looks_of(sightings())
    levels = levels_of(looks, ENCOUNTERS, FADING)
    samples = samples_of(looks, levels, FADING)

    monkeypatch.setattr(looks_module, "_LOOKS_AT_ONCE", at_once)

    assert len(list(parts_of(looks))) > 1
    again = levels_of(looks, ENCOUNTERS, FADING)
    for mine, ours in zip(again, levels, strict=True):
        np.testing.assert_array_equal(mine, ours)
    for mine, ours in zip(samples_of(looks, again, FADING), samples, strict=True):
        np.testing.assert_array_equal(mine, ours)
