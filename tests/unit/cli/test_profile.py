import json
from pathlib import Path

import pytest

from proximity.cli.profile import read_profile
from proximity.errors import FormatError
from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.profile_file import profile_members

OTHER = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)


def test_without_a_file_it_is_the_profile_of_this_program():
    assert read_profile(None) == DEFAULT_PROFILE


def test_a_file_gives_its_numbers(tmp_path: Path):
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(profile_members(OTHER)), "utf-8")

    assert read_profile(file) == OTHER


def test_a_file_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path):
    file = tmp_path / "profile.json"
    file.write_bytes(b" " * 10_000_000)

    with pytest.raises(FormatError, match="4096"):
        read_profile(file)
