"""The clock of the service."""

import time

import pytest

from proximity.authority.service_clock import service_clock
from proximity.authority.settings import Settings
from proximity.errors import FormatError


def test_a_test_begins_at_the_given_second_and_runs_on():
    clock = service_clock(Settings(test=True), {"PROXIMITY_NOW": "1000"})
    first = clock()
    second = clock()

    assert 1_000 <= first <= second < 1_010


@pytest.mark.parametrize(
    ("settings", "environment"),
    [(Settings(), {"PROXIMITY_NOW": "1000"}), (Settings(test=True), {})],
)
def test_else_it_is_the_real_one(settings, environment):
    assert service_clock(settings, environment) is time.time  # noqa: TID251


@pytest.mark.parametrize("text", ["noon", "", "nan", "inf", "-1", "1e400", "1e15"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(FormatError):
        service_clock(Settings(test=True), {"PROXIMITY_NOW": text})
