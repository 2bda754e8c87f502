"""Data sets by name."""

from pathlib import Path

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.catalogue import KINDS, Source, load, parse_source


def test_a_source_is_a_kind_and_a_folder():
    assert parse_source("dp3t:/data/a:b") == Source("dp3t", Path("/data/a:b"))


@pytest.mark.parametrize("text", ["dp3t", "dp3t:", "/data/exp05", "trees:/data"])
def test_anything_else_is_none(text):
    with pytest.raises(ValueError, match=r"KIND|no kind"):
        parse_source(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_that_is_not_there_is_refused(kind, tmp_path):
    with pytest.raises(FormatError, match="no folder"):
        load(Source(kind, tmp_path / "missing"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_folder_is_refused(kind, tmp_path):
    with pytest.raises(FormatError):
        load(Source(kind, tmp_path))
