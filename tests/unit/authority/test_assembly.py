"""The parts of one authority."""

import pytest

from proximity.authority.assembly import open_authority
from proximity.authority.keyring import CODE
from proximity.errors import NothingStoredError


def test_the_parts_work_together(authority, founded_once, clock):
    directory, _ = founded_once
    opened = open_authority(directory, {"PROXIMITY_NOW": str(clock.now_s)})

    assert opened.now_s == int(clock.now_s)
    assert opened.keyring.current(CODE).kid == authority.keyring.current(CODE).kid
    assert repr(opened) == "<Authority VN>"


def test_a_clock_that_is_given_is_the_one_of_all_parts(founded_once):
    opened = open_authority(founded_once[0], {}, clock=lambda: 5.5)

    assert opened.now_s == 5
    assert opened.keyring._clock() == 5.5


def test_a_directory_that_was_not_made_is_none(tmp_path):
    with pytest.raises(NothingStoredError):
        open_authority(tmp_path, {})
