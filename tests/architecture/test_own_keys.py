"""A device's own keys never meet AES that looks up tables, whose timing tells of keys.

They pass through the library alone, whose AES is by instructions or bit slices; the
kernels are for keys that are published, and have AES by instructions only.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "proximity"
HANDLE_OWN_KEYS = (
    "client/own_broadcast.py",
    "client/report.py",
    "client/sharing.py",
    "client/sharing_door.py",
    "client/submission.py",
    "protocol/gaen.py",
    "protocol/hkdf.py",
    "store/own_keys.py",
)
# The first bytes of the S-box and of its inverse (FIPS 197, 5.1.1 and 5.3.2).
S_BOXES = ((0x63, 0x7C, 0x77, 0x7B), (0x52, 0x09, 0x6A, 0xD5))


def imports_of(source: Path) -> set[str]:
    tree = ast.parse(source.read_text("utf-8"))
    return {
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    } | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }


def test_what_handles_own_keys_has_no_kernels():
    reaching = {
        name: module
        for name in HANDLE_OWN_KEYS
        for module in imports_of(PACKAGE / name)
        if module.startswith(("proximity.kernels", "proximity.matching"))
    }

    assert reaching == {}


def test_the_kernels_have_no_table_of_aes():
    for source in sorted((ROOT / "native").rglob("*.[ch]")):
        numbers = [
            int(number, 0)
            for number in re.findall(r"\b(?:0x[0-9a-fA-F]+|\d+)\b", source.read_text())
            if not re.fullmatch(r"0\d+", number)
        ]
        pieces = zip(numbers, numbers[1:], numbers[2:], numbers[3:], strict=False)
        # Tables of words have the S-box in their bytes, first that of zero.
        words = {0xC66363A5, 0xA5C66363, 0x63A5C663, 0x6363A5C6}

        assert not set(pieces) & set(S_BOXES), source.name
        assert not set(numbers) & words, source.name
