"""The way in to fitting, with and without the extra."""

import sys

import pytest

from proximity.errors import MissingExtraError
from proximity.research.fitting.fitter import fitter
from proximity.research.fitting.population_fit import fit_population


@pytest.fixture
def forgotten(monkeypatch):
    """Let the modules of fitting be imported anew."""
    for name in list(sys.modules):
        if name.startswith(("scipy.", "proximity.research.fitting.")):
            monkeypatch.delitem(sys.modules, name)


def test_it_leads_to_fitting():
    assert fitter() is fit_population


def test_without_scipy_the_hint_says_what_to_install(forgotten, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)

    with pytest.raises(MissingExtraError, match="scipy") as caught:
        fitter()
    assert "proximity[research]" in caught.value.hint


def test_a_mistake_of_our_own_is_not_a_missing_extra(forgotten, monkeypatch):
    monkeypatch.setitem(sys.modules, "proximity.research.fitting.level_fit", None)

    with pytest.raises(ModuleNotFoundError):
        fitter()
