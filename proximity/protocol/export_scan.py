"""Which form reads the key records of an export: compiled, or the plain one."""

from typing import Protocol

from proximity.kernels.dispatch import PYTHON, choose_variant, load_native
from proximity.protocol import export_scan_plain
from proximity.protocol.export_scan_native import NativeReader
from proximity.protocol.export_scan_plain import CountedStretch, ScannedStretch


class StretchReader(Protocol):
    """Reads stretches of an export, as `export_scan_plain` does."""

    def count_records(self, data: memoryview) -> CountedStretch:
        """Find the fields; not a byte inside a record is interpreted."""
        ...

    def scan_records(self, data: memoryview) -> ScannedStretch:
        """Find the fields and read the records."""
        ...


def stretch_reader(forced: str | None = None) -> StretchReader:
    """Return the compiled reader where kernels run, else the plain one.

    Parameters
    ----------
    forced : str or None
        A kernel variant; see `kernels.dispatch`. Any but the one in Python is the
        compiled reader.

    Raises
    ------
    KernelError
        If the variant cannot run on this machine.
    """
    kernels = load_native()
    if kernels is None or choose_variant(forced) == PYTHON:
        return export_scan_plain
    return NativeReader(kernels)
