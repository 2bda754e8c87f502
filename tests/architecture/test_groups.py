"""Tests that share a server or a guest stay on one worker."""

import pytest


@pytest.mark.xdist_group("architecture")
def test_a_test_tells_the_workers_its_group(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the tests are not divided by groups")

    # Without the suffix, pytest-xdist would divide a group as any other tests.
    assert request.node.nodeid.endswith("@architecture")


@pytest.mark.xdist_group("architecture")
def test_what_runs_in_the_guest_is_one_group(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the tests are not divided by groups")

    # Marked too late, they would boot a guest for each worker.
    in_guest = [
        item.nodeid
        for item in request.session.items
        if item.get_closest_marker("kernel")
    ]
    assert [each for each in in_guest if not each.endswith("@kernel")] == []
