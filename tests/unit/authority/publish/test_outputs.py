"""Which exports a batch becomes."""

import os

import numpy as np
import pytest

from proximity.authority.publish.outputs import compose_outputs, folders_of
from proximity.authority.settings import Settings
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export import ExportKeys
from proximity.protocol.export_columns import empty_keys, select_keys

THREE = Settings(region="VN", traveler_regions="LA,KH", minimum=50)


def keys(count: int) -> DiagnosisKeys:
    return empty_keys(count)._replace(
        key=np.frombuffer(os.urandom(16 * count), np.uint8).reshape(-1, 16)
    )


def key_bytes(columns: DiagnosisKeys) -> set[bytes]:
    return {row.tobytes() for row in columns.key}


def batch(real: int, travelling: int) -> tuple[ExportKeys, ExportKeys]:
    """Return a batch and the part of it that has travelled."""
    people = keys(real)
    some = select_keys(people, slice(0, travelling))
    return ExportKeys(people, empty_keys(0)), ExportKeys(some, empty_keys(0))


def test_each_region_has_its_folder_and_the_own_one_comes_first():
    assert list(folders_of(THREE).items()) == [("VN", ""), ("LA", "LA/"), ("KH", "KH/")]


@pytest.mark.parametrize("real", [10, 200])
def test_nobody_who_compares_exports_sees_which_keys_are_real(real):
    whole, some = batch(real, 3)
    own, la, kh = (
        key_bytes(each.keys) for each in compose_outputs(whole, some, THREE, os.urandom)
    )

    assert key_bytes(whole.keys) <= own
    assert key_bytes(some.keys) <= la
    # All of each is in the larger one: what two have in common is no less padded.
    assert la == kh
    assert la <= own
    assert min(len(la), len(own)) >= 50


def test_keys_of_people_come_first():
    whole, some = batch(5, 2)
    own = compose_outputs(whole, some, THREE, os.urandom)[0]

    assert (own.keys.key[:5] == whole.keys.key).all()


def test_when_nobody_has_travelled_others_get_nothing():
    whole, _ = batch(5, 0)
    nobody = ExportKeys(empty_keys(0), empty_keys(0))
    outputs = compose_outputs(whole, nobody, THREE, os.urandom)

    assert [each.region for each in outputs] == ["VN"]


def test_a_change_of_a_travellers_key_goes_to_all():
    nothing, changed = empty_keys(0), keys(1)
    both = ExportKeys(nothing, changed)
    outputs = compose_outputs(both, both, THREE, os.urandom)

    assert [key_bytes(each.revised) for each in outputs] == [key_bytes(changed)] * 3
    assert [len(each.keys.key) for each in outputs] == [0, 0, 0]
