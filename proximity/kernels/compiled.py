"""One decorator owns Numba's options; importing this file imports Numba.

Only files named `*_numba.py` import it, and `dispatch.load_operation` loads those when
an operation is first asked for.
"""

import contextlib
import functools
import hashlib
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from llvmlite import ir
from numba import njit, types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.extending import intrinsic

# Of the widest registers, in bytes.
ALIGNMENT = 64
Function = TypeVar("Function", bound=Callable[..., Any])
BLAS = "scipy.linalg.cython_blas"


def _load_without_blas() -> None:
    """Let Numba load without SciPy's matrices, which take a third of the time.

    No kernel multiplies any. Whoever compiles such a product in this process gets them.
    """
    if BLAS not in sys.modules:
        # None in this place makes an import fail, also of what is above it.
        sys.modules[BLAS] = None  # type: ignore[assignment]  # documented, not typed
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            del sys.modules[BLAS]


_load_without_blas()


def compiled(function: Function) -> Function:
    """Compile a kernel on its first call, or take it from the cache of an earlier run.

    Arithmetic is that of IEEE 754 in the order written: no fast-math, as a NaN must be
    seen to be left out, and the plain twin must be met bit for bit. A division by zero
    gives what it gives in numpy. The GIL is free while a kernel runs.

    Parameters
    ----------
    function : callable
        Loops over arrays; a `NamedTuple` of arrays is one argument.

    Returns
    -------
    callable
        Of the same signature, also callable from other kernels.
    """
    kernel = njit(nogil=True, error_model="numpy", boundscheck=False)(function)
    # Where no folder can hold a cache, each process compiles for itself.
    with contextlib.suppress(RuntimeError):
        # What `cache=True` does, but for the kind of cache.
        kernel._cache = _KernelCache(function)  # noqa: SLF001
    typed: Function = kernel
    return typed


class _KernelCache(FunctionCache):  # type: ignore[misc]  # Numba is not typed
    """A cache that is never stale and only ever saves time.

    Numba's own takes a kernel for fresh while its file is the same, although constants
    of other files are compiled into it; and it raises whenever one of its files is
    damaged or the disk full.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = _sources(Path(function.__code__.co_filename).parent)
        base = self._impl.filename_base
        self._cache_file = IndexDataCacheFile(self._cache_path, base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the cached kernel; None where there is none that is whole."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # a damaged pickle raises anything
            self._start_anew()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a kernel for the next process, if there is room for it."""
        try:
            super().save_overload(sig, data)
        except OSError:
            self._start_anew()

    def _start_anew(self) -> None:
        try:
            self.flush()
        except OSError:
            self.disable()


@functools.cache
def _sources(folder: Path) -> bytes:
    """Return a hash of all that may be compiled into the kernels of a folder."""
    files = [Path(__file__), *sorted(folder.glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]  # Numba is not typed
def stack_float32(_context: Any, length: Any) -> Any:
    """Return a pointer to so many float32 on the stack, for `numba.carray`.

    Numba takes any two arrays for possibly overlapping, which keeps them out of
    registers; what is on the stack overlaps nothing. The length is a literal; the
    values are undefined. Once in a function, outside of its loops.
    """
    return _on_the_stack(types.float32, length)


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]  # the same
def stack_float64(_context: Any, length: Any) -> Any:
    """Return a pointer to so many float64 on the stack, as `stack_float32` does."""
    return _on_the_stack(types.float64, length)


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]  # the same
def stack_int32(_context: Any, length: Any) -> Any:
    """Return a pointer to so many int32 on the stack, as `stack_float32` does."""
    return _on_the_stack(types.int32, length)


def _on_the_stack(element: Any, length: Any) -> tuple[Any, Callable[..., Any]]:
    """Return a signature, and what writes the allocation into a function."""
    block = types.UniTuple(element, length.literal_value)
    pointer = types.CPointer(element)

    def write(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        with builder.goto_entry_block():
            memory = builder.alloca(context.get_value_type(block))
            memory.align = ALIGNMENT
        return builder.bitcast(memory, context.get_value_type(pointer))

    return pointer(length), write


@intrinsic  # type: ignore[untyped-decorator]  # the same
def prefetch(_context: Any, array: Any, index: Any) -> Any:
    """Ask for an element that will be read soon; it may lie beyond the array's end.

    The processor itself does not look ahead beyond the end of a page.
    """
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    # To read, to be kept in all caches, as data.
    how = (number(0), number(3), number(1))

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0])
        address = builder.bitcast(builder.gep(data.data, [arguments[1]]), byte)
        asked = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(asked, [address, *how])
        return context.get_dummy_value()

    return types.void(array, types.intp), write
