"""Imports may only point down the layers drawn in docs/explanation/architecture.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "proximity"
TESTS = Path(__file__).parents[1]
UNIT_TESTS = TESTS / "unit"
MAX_LINES = 400

# Lowest first. Names on one line are siblings and may not import each other.
LAYERS = (
    ("errors", "units"),
    ("kernels",),
    ("protocol",),
    ("ranging",),
    ("matching",),
    ("scoring",),
    ("venue", "declaration", "coverage"),
    ("store", "radio"),
    ("client", "authority"),
    ("research",),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
APPLICATIONS = {"client", "authority", "cli"}
# The real clock, and chance that is no secret; units.py only converts between forms.
# `secrets` is what keys and nonces are made of, wherever that happens.
REAL_WORLD = {"time", "datetime", "random", "uuid"}
CONVERSIONS = {("units.py", "datetime")}
TOP_LEVEL = {
    "proximity",
    "native",
    "benchmarks",
    "tests",
    "docs",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "Makefile",
    ".ci",
    ".gitignore",
}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def layer_of(source: Path) -> str:
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(source: Path) -> Iterator[str]:
    """Yield the absolute name of everything `source` imports."""
    package = ["proximity", *source.relative_to(PACKAGE).parent.parts]
    yield from imports_of_code(source.read_text(), package)


def imports_of_code(code: str, package: list[str]) -> Iterator[str]:
    """Yield the absolute name of all that code inside `package` imports."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) + 1 - node.level] if node.level else []
            base = [*parent, *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def imported_layers(source: Path) -> set[str]:
    """Return every `X` that `source` imports as `proximity.X`."""
    names = [name.split(".") for name in imported_modules(source)]
    return {parts[1] for parts in names if parts[0] == "proximity" and len(parts) > 1}


def test_imports_point_down():
    upward = [
        f"{source.relative_to(PACKAGE)} imports {layer}"
        for source in sources()
        if (here := layer_of(source)) in RANK
        for layer in sorted(imported_layers(source) - {here, "__version__"})
        if RANK[layer] >= RANK[here]
    ]

    assert upward == []


def test_relative_imports_count_as_imports():
    code = "from ..cli import main\nfrom . import dose"

    assert list(imports_of_code(code, ["proximity", "scoring"])) == [
        "proximity.cli.main",
        "proximity.scoring.dose",
    ]


def test_every_folder_has_its_layer():
    top = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix in ("", ".py") and not path.name.startswith("_")
    }

    assert top <= set(RANK)


def test_an_application_does_not_import_its_siblings_store():
    crossing = [
        str(source.relative_to(PACKAGE))
        for source in (PACKAGE / "authority").rglob("*.py")
        if "store" in imported_layers(source)
    ]

    assert crossing == []


def test_only_applications_reach_for_the_real_clock_and_chance():
    reaching = [
        f"{source.relative_to(PACKAGE)} imports {name}"
        for source in sources()
        if layer_of(source) not in APPLICATIONS
        for name in sorted({m.split(".")[0] for m in imported_modules(source)})
        if name in REAL_WORLD and (source.name, name) not in CONVERSIONS
    ]

    assert reaching == []


def test_files_stay_small():
    sizes = {f: len(f.read_text().splitlines()) for f in sources()}

    assert {f.name: n for f, n in sizes.items() if n > MAX_LINES} == {}


def test_every_module_has_a_unit_test():
    missing = [
        str(source.relative_to(PACKAGE))
        for source in sources()
        if not source.name.startswith("__")
        and not (
            UNIT_TESTS / source.relative_to(PACKAGE).parent / f"test_{source.name}"
        ).exists()
    ]

    assert missing == []


def test_every_unit_test_has_its_module():
    orphans = [
        str(test.relative_to(UNIT_TESTS))
        for test in sorted(UNIT_TESTS.rglob("test_*.py"))
        if not (
            PACKAGE
            / test.relative_to(UNIT_TESTS).parent
            / test.name.removeprefix("test_")
        ).exists()
    ]

    assert orphans == []


def test_the_top_level_holds_only_what_the_architecture_names():
    root = PACKAGE.parent
    built = {".git", ".venv", "build", "demo", "screenshots", "proximity.egg-info"}
    caches = {".pytest_cache", ".hypothesis", ".mypy_cache", ".ruff_cache"}

    assert {path.name for path in root.iterdir()} - built - caches <= TOP_LEVEL
