"""What an installation brings: extras, pinned versions, data files, dependencies."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "proximity"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONSTRAINTS = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
PINS = [line for line in CONSTRAINTS if not line.startswith("#")]


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def installed_with(name: str) -> Iterator[str]:
    """Yield what an installed distribution needs on this machine."""
    try:
        needed = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:
        return
    for each in needed:
        if each.marker is None or each.marker.evaluate({"extra": ""}):
            yield canonicalize_name(each.name)


def test_the_extras_are_those_of_the_architecture():
    extras = PROJECT["project"]["optional-dependencies"]

    assert set(extras) == {"authority", "research", "dev"}


def test_a_pin_is_a_name_and_a_version_and_never_an_address():
    assert [pin for pin in PINS if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []


def test_everything_that_gets_installed_is_pinned():
    waiting = names(PROJECT["project"]["dependencies"])
    for extra in PROJECT["project"]["optional-dependencies"].values():
        waiting |= names(extra)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= set(installed_with(name)) - found

    assert found - names(PINS) == set()


def imported_by(sources: Iterable[Path]) -> set[str]:
    """Return the top-level modules of others that sources import."""
    imported = {
        name.split(".")[0]
        for source in sources
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    return imported - set(sys.stdlib_module_names) - {"proximity"}


# Imported under another name than they are installed by.
MODULES = {"protobuf": "google", "dbus-fast": "dbus_fast", "argon2-cffi": "argon2"}
SERVICE = PACKAGE / "authority"
FITTING = PACKAGE / "research" / "fitting"
# Lives through the doors of the service.
DISTRICT = PACKAGE / "research" / "district"


def modules_of(requirements: list[str]) -> set[str]:
    return {MODULES.get(name, name) for name in names(requirements)}


def test_the_plain_installation_has_all_that_is_imported_and_nothing_else():
    plain = [
        each
        for each in PACKAGE.rglob("*.py")
        if not {SERVICE, FITTING, DISTRICT} & set(each.parents)
    ]

    assert imported_by(plain) == modules_of(PROJECT["project"]["dependencies"])


def test_the_authority_extra_has_all_that_its_service_imports_and_nothing_else():
    extra = modules_of(PROJECT["project"]["optional-dependencies"]["authority"])
    # Brought along by another of the extra, and part of what it offers.
    brought = {"markupsafe", "pydantic", "starlette"}
    # Loaded by others, by their name.
    loaded = {"httptools", "psycopg", "uvloop"}
    plain = modules_of(PROJECT["project"]["dependencies"])
    imported = imported_by(SERVICE.rglob("*.py"))

    assert imported - plain - brought == extra - loaded
    assert imported_by(DISTRICT.rglob("*.py")) <= imported | plain


def test_the_research_extra_has_all_that_fitting_imports_and_nothing_else():
    extra = modules_of(PROJECT["project"]["optional-dependencies"]["research"])
    plain = modules_of(PROJECT["project"]["dependencies"])

    assert imported_by(FITTING.rglob("*.py")) - plain == extra


def test_fitting_is_entered_where_a_missing_extra_is_named():
    """Whoever imports another module of it fails where the extra is missing."""
    # The second needs nothing of the extra.
    free = ("research.fitting.fitter", "research.fitting.labelled")
    entering = {
        source.relative_to(PACKAGE).as_posix()
        for source in PACKAGE.rglob("*.py")
        if FITTING not in source.parents
        for line in source.read_text("utf-8").splitlines()
        if "research.fitting" in line and not any(name in line for name in free)
    }

    assert entering == set()


def test_commands_start_without_the_libraries_of_extras():
    code = "import sys, proximity.cli.main as m; m.load_app(); print(*sys.modules)"
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in run.stdout.split()}

    extras = PROJECT["project"]["optional-dependencies"]
    extra = modules_of([*extras["authority"], *extras["research"]])
    assert extra
    assert loaded & extra == set()


def test_every_data_file_is_packed():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["proximity"]
    packed = {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    data = {
        file
        for file in PACKAGE.rglob("*")
        if file.is_file()
        and file.parent.name != "__pycache__"
        and not file.name.endswith((".py", *EXTENSION_SUFFIXES))
    }

    assert data
    assert data - packed == set()


def test_every_folder_of_modules_is_a_package():
    """A folder without `__init__.py` is left out of a built package."""
    folders = {source.parent for source in PACKAGE.rglob("*.py")}

    assert {
        folder for folder in folders if not (folder / "__init__.py").exists()
    } == set()


def test_commands_start_without_the_libraries_of_radios():
    code = "import sys, proximity.cli.main; print(*sys.modules)"
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in run.stdout.split()}

    assert loaded & {"bleak", "bumble", "dbus_fast"} == set()


def test_only_compiled_kernels_import_the_compiler():
    """Whoever imports one of them waits for Numba; the dispatcher does, when asked."""
    importing = {
        source.relative_to(PACKAGE).as_posix()
        for source in PACKAGE.rglob("*.py")
        if "numba" in imported_by([source])
        or "proximity.kernels.compiled" in source.read_text("utf-8")
        or "_numba import" in source.read_text("utf-8")
    }

    assert {name for name in importing if not name.endswith("_numba.py")} == {
        "kernels/compiled.py"
    }


def test_a_compiled_kernel_waits_for_no_library_of_statistics():
    code = (
        "import sys, numpy as np; from proximity.ranging.smoother import *; "
        "one = np.ones(1, np.float32); "
        "series = LogDistanceSeries(one, one, one, np.array([0, 1])); "
        "smooth_log_distance(series, Prior(one, one), variant='numba'); "
        "print(*sys.modules)"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()

    assert "numba" in loaded
    assert {"scipy.linalg", "filterpy", "matplotlib"} & set(loaded) == set()


def test_a_first_score_waits_for_no_compiler():
    benchmark = PACKAGE.parent / "benchmarks" / "estimator_speed.py"
    code = benchmark.read_text("utf-8").split('FIRST_SCORE = """')[1].split('"""')[0]
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = run.stdout.split()

    assert "proximity.ranging.posterior_plain" in loaded
    assert "numba" not in loaded


@pytest.mark.parametrize("module", ["proximity", "proximity.cli.main"])
def test_an_import_waits_for_no_library_of_arrays_or_radios(module: str):
    code = (
        "import sys, time; start = time.perf_counter(); "
        f"import {module}; "
        "print(time.perf_counter() - start, *sys.modules)"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    seconds, *names = run.stdout.split()
    loaded = {name.split(".")[0] for name in names}

    assert loaded & {"numpy", "numba", "scipy", "bleak", "bumble"} == set()
    if module == "proximity":
        assert float(seconds) <= 0.15
