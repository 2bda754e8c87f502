"""What imports remember."""

from proximity.authority.imports.model import IMPORTED, import_sources, imported_files
from proximity.authority.upload.model import exposures


def test_a_file_is_done_once_for_each_authority():
    assert [c.name for c in imported_files.primary_key] == ["region", "name"]
    assert [c.name for c in import_sources.primary_key] == ["region"]
    assert len(IMPORTED) <= exposures.c.origin.type.length
