"""Which form reads key records."""

import pytest

from proximity.errors import KernelError
from proximity.kernels import dispatch
from proximity.protocol import export_scan, export_scan_plain
from proximity.protocol.export_scan import stretch_reader
from proximity.protocol.export_scan_native import NativeReader

needs_kernels = pytest.mark.skipif(
    dispatch.available_variants() == (dispatch.PYTHON,), reason="no kernel runs here"
)


@needs_kernels
def test_the_compiled_form_reads_where_there_is_one():
    assert isinstance(stretch_reader(), NativeReader)


def test_without_a_compiler_the_plain_form_reads(monkeypatch):
    monkeypatch.setattr(export_scan, "load_native", lambda: None)

    assert stretch_reader() is export_scan_plain


def test_the_environment_forces_the_plain_form(monkeypatch):
    monkeypatch.setenv(dispatch.ENVIRONMENT, dispatch.PYTHON)

    assert stretch_reader() is export_scan_plain


def test_an_argument_forces_the_plain_form():
    assert stretch_reader(dispatch.PYTHON) is export_scan_plain


@needs_kernels
def test_a_variant_that_does_not_exist_is_refused_by_name():
    with pytest.raises(KernelError):
        stretch_reader("none")
