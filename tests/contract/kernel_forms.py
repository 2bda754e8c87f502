"""The kernels behind one interface: in this process, or in a program of their own."""

import functools
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pytest

from proximity.kernels.dispatch import PYTHON, available_variants, load_native

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("kernel_runner.c")
NATIVE = ROOT / "native"
BUILD = ROOT / "build" / "kernel_runner"
CROSS_COMPILER = "aarch64-linux-gnu-gcc"
CROSS_HEADERS = Path("/usr/aarch64-linux-gnu/include/stdio.h")
EMULATOR = "qemu-aarch64-static"
COMPILED = [name for name in available_variants() if name != PYTHON]
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", f"-I{NATIVE}")
SECRET = np.arange(1, 6, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
# The fewest hits for which there must be room, and bounds of a filter; native/kernel.h
# and native/filter.h.
MOST_SURVIVORS = 32 * 144
FOLDED_WORDS = 64


class Heard(NamedTuple):
    """Stored IDs, and the days in whose filters each of them is."""

    ids: np.ndarray
    first_day: np.ndarray
    last_day: np.ndarray


class Filters(NamedTuple):
    """How filters are arranged, and their words before anything is inserted."""

    base_day: int
    slot_of_day: np.ndarray
    offsets: np.ndarray
    words: np.ndarray


class Chains(NamedTuple):
    """Chains of bluezone: links, days, slots that are left."""

    link: np.ndarray
    day: np.ndarray
    left: np.ndarray


Keys = tuple[np.ndarray, np.ndarray, np.ndarray]


class Form(Protocol):
    """One variant, wherever it runs."""

    def gaen_search(
        self, heard: Heard, filters: Filters, keys: Keys, capacity: int
    ) -> list[np.ndarray]:
        """Return hits (key, position, row), those of one call together."""
        ...

    def gaen_fold(self, keys: Keys) -> bytes:
        """Return the XOR of all IDs."""
        ...

    def bluezone_search(
        self, heard: Heard, filters: Filters, chains: Chains, begins: bool
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return hits (chain, position, row) by call, and the links after them."""
        ...

    def bluezone_advance(self, keys: np.ndarray, days: int) -> np.ndarray:
        """Return the keys of a later day."""
        ...


class InProcess:
    """A variant of `proximity.kernels._native`."""

    def __init__(self, variant: str) -> None:
        native = load_native()
        assert native is not None
        self.native, self.variant = native, variant

    def store(self, heard: Heard, filters: Filters) -> tuple[Any, Any]:
        """Return filters and table, with the rows in them."""
        n_filters = len(filters.offsets) - 1
        words = filters.words.copy()
        folded = np.zeros(FOLDED_WORDS * n_filters, np.uint32)
        arrays = (*filters[:3], words, folded)
        self.native.filters_insert(tuple(heard), arrays)
        for slot in range(n_filters):
            part = words[filters.offsets[slot] : filters.offsets[slot + 1]]
            folded[FOLDED_WORDS * slot : FOLDED_WORDS * (slot + 1)] = (
                np.bitwise_or.reduce(part.reshape(-1, FOLDED_WORDS), axis=0)
            )
        table = make_table(heard.ids)
        self.native.table_insert(table, 0, len(heard.ids))
        return arrays, table

    def gaen_search(
        self, heard: Heard, filters: Filters, keys: Keys, capacity: int
    ) -> list[np.ndarray]:
        arrays, table = self.store(heard, filters)
        parts = np.empty(2 * len(keys[0]), np.uint32)
        parts = parts[: self.native.group_by_day(keys, arrays, parts)]
        hits, found = np.empty((capacity, 3), np.uint32), []
        while len(parts):
            done, n = self.native.gaen_search(
                self.variant, keys, parts, arrays, table, hits
            )
            parts = parts[done:]
            found += [hits[:n].copy()] if n else []
        return found

    def gaen_fold(self, keys: Keys) -> bytes:
        return self.native.gaen_fold(self.variant, keys)

    def bluezone_search(
        self, heard: Heard, filters: Filters, chains: Chains, begins: bool
    ) -> tuple[list[np.ndarray], np.ndarray]:
        arrays, table = self.store(heard, filters)
        link = chains.link.copy()
        hits, found, done = np.empty((MOST_SURVIVORS, 3), np.uint32), [], 0
        while done < len(link):
            done, n = self.native.bluezone_search(
                self.variant, (link, *chains[1:], begins, done), arrays, table, hits
            )
            found += [hits[:n].copy()] if n else []
        return found, link

    def bluezone_advance(self, keys: np.ndarray, days: int) -> np.ndarray:
        keys = keys.copy()
        self.native.bluezone_advance(self.variant, keys, days)
        return keys


class InProgram:
    """A variant in the program of kernel_runner.c."""

    def __init__(self, command: Sequence[str], variant: str) -> None:
        self.command, self.variant = command, variant

    def run(self, operation: str, *fields: Any) -> list[bytes]:
        """Run one case and return the fields of its result."""
        sent = b"".join(map(_encode, (operation, self.variant, *fields)))
        result = subprocess.run(  # noqa: S603
            self.command, input=sent, capture_output=True, check=False, timeout=60
        )
        assert result.returncode == 0, result.stderr
        return _decode(result.stdout)

    def _store(self, heard: Heard, filters: Filters) -> list[Any]:
        buckets = len(make_table(heard.ids)[1])
        return [*filters, *heard, SECRET, buckets]

    def gaen_search(
        self, heard: Heard, filters: Filters, keys: Keys, capacity: int
    ) -> list[np.ndarray]:
        store = self._store(heard, filters)
        *found, end = self.run("gaen_search", *store, *keys, capacity)
        assert end == b""
        return [_hits(each) for each in found]

    def gaen_fold(self, keys: Keys) -> bytes:
        (folded,) = self.run("gaen_fold", *keys)
        return folded

    def bluezone_search(
        self, heard: Heard, filters: Filters, chains: Chains, begins: bool
    ) -> tuple[list[np.ndarray], np.ndarray]:
        store = self._store(heard, filters)
        *found, end, link = self.run(
            "bluezone_search", *store, *chains, int(begins), MOST_SURVIVORS
        )
        assert end == b""
        links = np.frombuffer(link, np.uint8).reshape(-1, 32)
        return [_hits(each) for each in found], links

    def bluezone_advance(self, keys: np.ndarray, days: int) -> np.ndarray:
        (advanced,) = self.run("bluezone_advance", keys, days)
        return np.frombuffer(advanced, np.uint8).reshape(-1, 32)


def make_table(ids: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return an empty table for IDs, as native/table.h has it."""
    rows = np.zeros(len(ids), np.uint32)
    buckets = 1 << max(2 * len(ids) - 1, 1).bit_length()
    return ids, np.zeros(buckets, np.uint32), rows, rows.copy(), SECRET


def missing_parts() -> str | None:
    """Return what an emulated ARMv8 processor needs and this machine lacks."""
    needed = {
        "gcc-aarch64-linux-gnu": shutil.which(CROSS_COMPILER),
        "libc6-dev-arm64-cross": CROSS_HEADERS.exists(),
        "qemu-user-static": shutil.which(EMULATOR),
    }
    missing = [name for name, found in needed.items() if not found]
    return ", ".join(missing) or None


@functools.cache
def armv8_program() -> list[str]:
    """Return the command that runs the ARMv8 kernels under emulation."""
    return [EMULATOR, str(_build([CROSS_COMPILER, "-static"], "emulated"))]


@functools.cache
def own_program() -> list[str]:
    """Return the command that runs the kernels of this machine's kind."""
    return [str(_build(["cc"], "own"))]


def _build(compiler: list[str], name: str) -> Path:
    """Compile the program, unless it is newer than all that it is made of."""
    program = BUILD / name
    sources = sorted(set(NATIVE.glob("*.c")) - {NATIVE / "module.c"})
    newest = max(
        file.stat().st_mtime for file in (RUNNER, *NATIVE.iterdir(), Path(__file__))
    )
    if not program.exists() or program.stat().st_mtime <= newest:
        BUILD.mkdir(parents=True, exist_ok=True)
        # Another process may compile the same at this moment.
        made = program.with_suffix(f".{os.getpid()}")
        command = [*compiler, *FLAGS, RUNNER, *sources, "-o", made]
        subprocess.run(command, check=True)  # noqa: S603
        made.replace(program)
    return program


def _encode(value: Any) -> bytes:
    if isinstance(value, int):
        value = value.to_bytes(8, "little", signed=True)
    elif isinstance(value, str):
        value = value.encode()
    data = bytes(value)
    return struct.pack("<Q", len(data)) + data


def _decode(data: bytes) -> list[bytes]:
    fields = []
    while data:
        (length,) = struct.unpack_from("<Q", data)
        fields.append(data[8 : 8 + length])
        data = data[8 + length :]
    return fields


def _hits(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint32).reshape(-1, 3)


def in_process(variant):
    return lambda: InProcess(variant)


def in_own_program():
    if shutil.which("cc") is None:
        pytest.skip("a C compiler is missing: the program of kernel_runner.c")
    return InProgram(own_program(), COMPILED[-1])


def emulated():
    if missing := missing_parts():
        pytest.skip(f"not installed: {missing}. The ARMv8 kernels were not tested")
    return InProgram(armv8_program(), "armv8")


FORMS = {name: in_process(name) for name in COMPILED}
FORMS |= {"own program": in_own_program, "armv8 emulated": emulated}
