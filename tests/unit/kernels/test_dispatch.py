"""Which variant runs, and how one is forced."""

import sys

import pytest

from proximity.errors import KernelError
from proximity.kernels import dispatch
from proximity.kernels.dispatch import (
    ENVIRONMENT,
    FEW,
    NUMBA,
    PYTHON,
    VARIANTS,
    available_variants,
    choose_variant,
    load_operation,
)


@pytest.fixture(autouse=True)
def unforced(monkeypatch):
    monkeypatch.delenv(ENVIRONMENT, raising=False)


class Compiled:
    def __init__(self, **runs):
        self._runs = runs

    def variants(self):
        return list(self._runs.items())


def test_the_fastest_that_runs_here_is_chosen(monkeypatch):
    native = Compiled(aesni=True, avx512=False, vaes256=True)
    monkeypatch.setattr(dispatch, "load_native", lambda: native)

    assert available_variants() == ("vaes256", "aesni", PYTHON)
    assert choose_variant() == "vaes256"


def test_without_a_compiler_there_is_python(monkeypatch):
    monkeypatch.setattr(dispatch, "load_native", lambda: None)

    assert available_variants() == (PYTHON,)
    assert choose_variant() == PYTHON


def test_an_extension_that_does_not_load_is_none(monkeypatch):
    def fail(name):
        raise ImportError(name)

    monkeypatch.setattr(dispatch.importlib, "import_module", fail)

    assert dispatch.load_native() is None


def test_the_environment_forces_a_variant(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, PYTHON)

    assert choose_variant() == PYTHON


def test_an_argument_is_stronger_than_the_environment(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "no-such-variant")

    assert choose_variant(PYTHON) == PYTHON


@pytest.mark.parametrize("name", VARIANTS)
def test_a_forced_variant_runs_or_is_refused_by_name(monkeypatch, name):
    native = Compiled(aesni=True)
    monkeypatch.setattr(dispatch, "load_native", lambda: native)

    if name in ("aesni", PYTHON):
        assert choose_variant(name) == name
    else:
        with pytest.raises(KernelError, match=name) as error:
            choose_variant(name)
        assert "aesni, python" in error.value.hint


def test_an_unknown_name_is_refused(monkeypatch):
    monkeypatch.setenv(ENVIRONMENT, "fastest")

    with pytest.raises(KernelError, match="no kernel variant of that name"):
        choose_variant()


SMOOTHER = "proximity.ranging.smoother"


@pytest.fixture
def without_numba(monkeypatch):
    for name in ("numba", f"{SMOOTHER}_numba"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    # None in this place makes an import fail.
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "proximity.kernels.compiled", raising=False)


def test_an_operation_runs_compiled_unless_python_is_forced(monkeypatch):
    pytest.importorskip("numba")

    assert load_operation(SMOOTHER).__name__ == f"{SMOOTHER}_numba"
    assert load_operation(SMOOTHER, PYTHON).__name__ == f"{SMOOTHER}_plain"
    monkeypatch.setenv(ENVIRONMENT, PYTHON)
    assert load_operation(SMOOTHER).__name__ == f"{SMOOTHER}_plain"
    assert load_operation(SMOOTHER, NUMBA).__name__ == f"{SMOOTHER}_numba"


def test_a_forced_matching_kernel_leaves_operations_compiled(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setenv(ENVIRONMENT, "aesni")

    assert load_operation(SMOOTHER).__name__ == f"{SMOOTHER}_numba"


def test_what_is_small_does_not_wait_for_numba(monkeypatch):
    monkeypatch.delitem(sys.modules, "numba", raising=False)

    assert load_operation(SMOOTHER, size=FEW - 1).__name__ == f"{SMOOTHER}_plain"


def test_numba_that_is_there_runs_also_what_is_small(monkeypatch):
    pytest.importorskip("numba")

    assert load_operation(SMOOTHER, size=1).__name__ == f"{SMOOTHER}_numba"
    monkeypatch.setenv(ENVIRONMENT, PYTHON)
    assert load_operation(SMOOTHER, size=1).__name__ == f"{SMOOTHER}_plain"


@pytest.mark.usefixtures("without_numba")
def test_without_numba_an_operation_runs_plain():
    assert load_operation(SMOOTHER).__name__ == f"{SMOOTHER}_plain"


@pytest.mark.usefixtures("without_numba")
def test_numba_that_is_forced_and_missing_is_refused():
    with pytest.raises(KernelError, match="Numba does not load"):
        load_operation(SMOOTHER, NUMBA)


def test_an_unknown_form_of_an_operation_is_refused():
    with pytest.raises(KernelError, match="no form"):
        load_operation(SMOOTHER, "avx512")
