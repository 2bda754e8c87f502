"""Which variant of a kernel runs; beside native/dispatch.c all that asks the machine.

The fastest that the machine can run, unless one is forced: by argument, or by the
environment variable `PROXIMITY_KERNEL`.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, Protocol, cast

from proximity.errors import KernelError

ENVIRONMENT: Final = "PROXIMITY_KERNEL"
# No compiler at all: `cryptography` and numpy.
PYTHON: Final = "python"
NUMBA: Final = "numba"
# The fastest first.
VARIANTS: Final = ("avx512", "vaes256", "aesni", "armv8", PYTHON)
# Of operations on arrays that Numba compiles.
FORMS: Final = (NUMBA, PYTHON)
# To load Numba takes longer than the plain form takes for fewer elements than this.
FEW: Final = 4_096


# What has the buffer protocol, which has no name before Python 3.12.
Buffer = Any
_Array = Any
_Arrays = Sequence[Any]


class NativeKernels(Protocol):
    """The functions of native/module.c; it and native/search.h tell what they take.

    Every array is contiguous. A tuple of arrays is always one of the structures of
    search.h: keys, filters or table.
    """

    BATCH_KEYS: int
    BLUEZONE_STEPS: int
    EXPORT_MOST_RECORD: int
    FILTER_FOLDED_WORDS: int
    FILTER_LEAST_WORDS: int
    FILTER_MOST_WORDS: int
    MOST_SURVIVORS: int

    def variants(self) -> list[tuple[str, bool]]:
        """Return all variants, each with whether it runs here."""
        ...

    def table_insert(self, table: _Arrays, start: int, stop: int) -> None:
        """Take rows into the exact table."""
        ...

    def table_longest_chain(self, table: _Arrays) -> int:
        """Return how many IDs one look-up may have to compare."""
        ...

    def filters_insert(self, rows: _Arrays, filters: _Arrays) -> None:
        """Set the bits of rows in the filters of their days."""
        ...

    def group_by_day(self, keys: _Arrays, filters: _Arrays, parts: _Array) -> int:
        """Write the parts of keys by day; return how many there are."""
        ...

    # Functions in C take what they take by position.
    def gaen_search(  # noqa: PLR0917
        self,
        variant: str,
        keys: _Arrays,
        parts: _Array,
        filters: _Arrays,
        table: _Arrays,
        hits: _Array,
    ) -> tuple[int, int]:
        """Write hits; return how many parts are done and how many hits there are."""
        ...

    def gaen_fold(self, variant: str, keys: _Arrays) -> bytes:
        """Return the XOR of all IDs of keys: the kernel without its look-ups."""
        ...

    # As for gaen.
    def bluezone_search(  # noqa: PLR0917
        self,
        variant: str,
        chains: _Arrays,
        filters: _Arrays,
        table: _Arrays,
        hits: _Array,
    ) -> tuple[int, int]:
        """Follow chains over at most `BLUEZONE_STEPS` slots; write hits and last links.

        `chains` are links, days, slots left, whether links are days' keys, and the
        chain to start from; native/bluezone_search.h tells of them. Return up to which
        chain it is done and how many hits there are.
        """
        ...

    def bluezone_advance(self, variant: str, keys: _Array, days: int) -> None:
        """Turn keys of days into those of later days, in their place."""
        ...

    def export_count(self, data: Buffer, at: int) -> tuple[int, int, int]:
        """Pass over key records; return where it stopped, how many, how many revised.

        native/export_scan.h tells where it stops.
        """
        ...

    def export_scan(
        self, data: Buffer, at: int, columns: _Arrays, first: int
    ) -> tuple[int, int, bool]:
        """Read key records into columns from row `first` on.

        Return where it stopped, how many it read, and whether what it stopped at may
        be sound. The columns are those of `DiagnosisKeys`, then whether revised.
        """
        ...

    # As for gaen.
    def export_write(  # noqa: PLR0917
        self, columns: _Arrays, first: int, end: int, tag: int, out: Buffer
    ) -> int:
        """Write rows as key records into a buffer; return how many bytes.

        The columns are those of `DiagnosisKeys`; the buffer has `EXPORT_MOST_RECORD`
        bytes for each row. 0 where a row holds what a reader refuses.
        """
        ...


def load_native() -> NativeKernels | None:
    """Return the compiled kernels, None where nothing was compiled."""
    try:
        module = importlib.import_module("proximity.kernels._native")
    except ImportError:
        return None
    return cast("NativeKernels", module)


def available_variants() -> tuple[str, ...]:
    """Return the names of the variants that this machine can run, the fastest first."""
    native = load_native()
    runs = {name for name, runs in native.variants() if runs} if native else set()
    return tuple(name for name in VARIANTS if name in runs or name == PYTHON)


def choose_variant(forced: str | None = None) -> str:
    """Return the variant that is to run.

    Parameters
    ----------
    forced : str or None
        A name of `VARIANTS`; None for what the environment forces, or else the fastest.

    Returns
    -------
    str

    Raises
    ------
    KernelError
        If what is forced has no such name, or cannot run on this machine.
    """
    found = available_variants()
    name = forced or os.environ.get(ENVIRONMENT) or found[0]
    if name in found:
        return name
    known = name in VARIANTS
    raise KernelError(
        f"The kernel variant {name} cannot run on this machine."
        if known
        else "There is no kernel variant of that name.",
        f"Here there are {', '.join(found)}; unset {ENVIRONMENT} to take the fastest.",
    )


def load_operation(
    operation: str, forced: str | None = None, *, size: int = FEW
) -> ModuleType:
    """Return the module of an array operation in the form that is to run.

    Operations on arrays that are compiled by Numba have no variant for each processor:
    there is the one that Numba compiles for this machine, and its plain twin, which is
    numpy alone. Numba is imported here and not before.

    Parameters
    ----------
    operation : str
        Name of a module, without the `_numba` or `_plain` at its end.
    forced : str or None
        `NUMBA` or `PYTHON`. None: the plain twin where the environment forces
        `PYTHON`, or where Numba does not load, or is not loaded yet and the task is
        small; else Numba.
    size : int
        How many elements the operation is for; below `FEW` it is small.

    Raises
    ------
    KernelError
        If Numba is forced and does not load, or what is forced has no such name.
    """
    if forced not in (None, *FORMS):
        raise KernelError(
            "There is no form of an array operation of that name.",
            f"Choose {' or '.join(FORMS)}.",
        )
    chosen = os.environ.get(ENVIRONMENT) == PYTHON
    small = size < FEW and NUMBA not in sys.modules
    if forced == PYTHON or (forced is None and (chosen or small)):
        return importlib.import_module(f"{operation}_plain")
    try:
        return importlib.import_module(f"{operation}_numba")
    except ImportError as error:
        if forced is None:
            return importlib.import_module(f"{operation}_plain")
        raise KernelError(
            "Numba does not load on this machine.",
            "Install it, or let the plain form run.",
        ) from error
