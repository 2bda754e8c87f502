"""Tests that share a server or a guest stay on one worker."""

import pytest


@pytest.mark.xdist_group("architecture")
def test_a_test_tells_the_workers_its_group(request):
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("the tests are not divided by groups")

    # Without the suffix, pytest-xdist would divide a group as any other tests.
    assert request.node.nodeid.endswith("@architecture")
