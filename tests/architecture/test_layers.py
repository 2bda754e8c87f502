"""Imports may only point down the layers drawn in docs/explanation/architecture.md."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "proximity"
UNIT_TESTS = Path(__file__).parents[1] / "unit"
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


def imported_layers(source: Path) -> set[str]:
    """Return every `X` that `source` imports as `proximity.X`."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {n.split(".")[1] for n in names if n.startswith("proximity.")}


def test_imports_point_down():
    upward = [
        f"{source.relative_to(PACKAGE)} imports {layer}"
        for source in sorted(PACKAGE.rglob("*.py"))
        if (here := source.relative_to(PACKAGE).parts[0].removesuffix(".py")) in RANK
        for layer in sorted(imported_layers(source) - {here})
        if RANK[layer] >= RANK[here]
    ]

    assert upward == []


def test_files_stay_small():
    sizes = {f: len(f.read_text().splitlines()) for f in PACKAGE.rglob("*.py")}

    assert {f.name: n for f, n in sizes.items() if n > MAX_LINES} == {}


def test_every_module_has_a_unit_test():
    missing = [
        str(source.relative_to(PACKAGE))
        for source in sorted(PACKAGE.rglob("*.py"))
        if not source.name.startswith("__")
        and not (
            UNIT_TESTS / source.relative_to(PACKAGE).parent / f"test_{source.name}"
        ).exists()
    ]

    assert missing == []


def test_every_folder_has_its_layer():
    top = {
        p.stem
        for p in PACKAGE.iterdir()
        if p.suffix in ("", ".py") and not p.name.startswith("_")
    }

    assert top == set(RANK)
