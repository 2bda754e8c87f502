"""Which form writes key records."""

import pytest

from proximity.kernels.dispatch import PYTHON
from proximity.protocol import export_encode
from proximity.protocol.export_columns import empty_keys
from proximity.protocol.export_encode import key_records


def sound_keys(count: int):
    keys = empty_keys(count)
    keys.period[:] = 144
    return keys


@pytest.mark.parametrize("forced", [None, PYTHON])
def test_no_keys_are_no_blocks(forced):
    assert list(key_records(empty_keys(0), 0x3A, forced)) == []


def test_without_compiled_kernels_the_plain_form_writes(monkeypatch):
    expected = list(key_records(sound_keys(3), 0x3A))
    monkeypatch.setattr(export_encode, "load_native", lambda: None)

    assert list(key_records(sound_keys(3), 0x3A)) == expected


def test_a_column_of_another_type_is_looked_at_as_it_is():
    keys = sound_keys(2)._replace(report_type=sound_keys(2).period * 2)

    with pytest.raises(ValueError, match="out of range"):
        list(key_records(keys, 0x3A))


def test_columns_may_lie_apart_in_memory():
    keys = sound_keys(6)
    keys.start_interval[:] = range(6)
    every_other = keys._replace(
        **{name: getattr(keys, name)[::2] for name in keys._fields}
    )

    assert list(key_records(every_other, 0x3A)) == list(
        key_records(every_other, 0x3A, PYTHON)
    )
