"""A line's hash covers all that it says, and the line before."""

import pytest

from proximity.authority.audit.chain import (
    ROOT,
    line_hash,
    line_of,
    pack_subjects,
    unpack_subjects,
)
from proximity.authority.audit.model import Action, Entry, Reason

ENTRY = Entry("an", "10-080", Action.READ, Reason.CASE_WORK, "C-1", ("name",), (7, 5))
LINE = line_of(ENTRY, 3, 1_779_000_000)
HASH = line_hash(b"key", ROOT, LINE)


def test_the_hash_is_the_documented_one():
    # Computed apart from the program, over lengths and bytes of all columns.
    assert HASH.hex() == (
        "b2fcf0177b23d3099de305eb613343dbe147332c058e1b92e8e0ae0e7ebd8268"
    )


@pytest.mark.parametrize("column", LINE._fields)
def test_every_column_counts(column):
    value = getattr(LINE, column)
    other = value + (1 if isinstance(value, int) else value[:1] or "x")

    assert line_hash(b"key", ROOT, LINE._replace(**{column: other})) != HASH


def test_the_line_before_and_the_key_count():
    assert line_hash(b"key", b"1" * 32, LINE) != HASH
    assert line_hash(b"kez", ROOT, LINE) != HASH


def test_text_cannot_move_from_one_column_to_the_next():
    one = LINE._replace(actor="ab", unit="c")
    other = LINE._replace(actor="a", unit="bc")

    assert line_hash(b"key", ROOT, one) != line_hash(b"key", ROOT, other)


def test_subjects_are_sorted_and_named_once():
    packed = pack_subjects([9, 2**52 - 1, 9, 1])

    assert unpack_subjects(packed) == [1, 9, 2**52 - 1]
    assert unpack_subjects(b"") == []
