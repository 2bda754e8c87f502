"""How many files and connections a process may have open."""

import resource

import pytest

from proximity.authority.service.open_files import (
    RESERVED,
    most_connections,
    raise_file_limit,
)

UNLIMITED = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised", "result"),
    [
        ((1_024, 4_096), (4_096, 4_096), 4_096),
        ((1_024, 1_000_000), (32_768, 1_000_000), 32_768),
        ((1_024, UNLIMITED), (32_768, UNLIMITED), 32_768),
        ((65_536, 65_536), None, 32_768),
        ((UNLIMITED, UNLIMITED), None, 32_768),
        ((256, 256), None, 256),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_be(monkeypatch, limits, raised, result):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, to: asked.append(to))

    assert raise_file_limit() == result
    assert asked == ([] if raised is None else [raised])


def test_connections_leave_the_program_its_own_files():
    assert most_connections(1_024) == 1_024 - RESERVED
    assert most_connections(64) == 16
