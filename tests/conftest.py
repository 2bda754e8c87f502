"""One thread a worker; tests marked `kernel` run in a guest and tell of it here."""

import os
import signal
import sys
from typing import Any

import pytest
from kernel_rig import guest

# Before any library of arrays is loaded: tests run side by side, and threads that wait
# for each other cost small matrices more than they give.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What the tests and the program are made of is compiled once, whatever this shell asks
# of its own Python: they start hundreds of processes, and a guest that computes slowly.
if not guest.IS_HERE:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
# A shell that starts the tests in the background lets nobody interrupt what they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
GROUP = "kernel"


# Before pytest-xdist writes down which test is of which group.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep these tests on one worker: they share a guest."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            if item.get_closest_marker("kernel"):
                item.add_marker(pytest.mark.xdist_group(GROUP))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file on one worker, which makes once what they share."""
    from xdist.scheduler import LoadGroupScheduling  # noqa: PLC0415 - none in the guest

    class FilesAndGroups(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            group = super()._split_scope(nodeid)
            return nodeid.partition("::")[0] if group == nodeid else group

    if config.getoption("dist") != "loadgroup":
        return None
    # Long ones come first as they are collected; by their number they would not.
    config.option.loadscopereorder = False
    return FilesAndGroups(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> bool | None:
    """Tell the outcome in the guest instead of running the test here."""
    if guest.IS_HERE or item.get_closest_marker("kernel") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in outcome(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What the test before has left for this one is not for the next.
    item.session._setupstate.teardown_exact(nextitem)
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In the guest, hand the outcome out."""
    if guest.IS_HERE:
        guest.hand_out(report._to_json())


def outcome(item: pytest.Item) -> list[pytest.TestReport]:
    """Return the reports of the guest on a test, or one of why there are none."""
    missing = guest.missing()
    if missing is not None:
        return [report_of(item, "skipped", (*item.location[:2], f"Skipped: {missing}"))]
    chosen = [
        each.nodeid.removesuffix(f"@{GROUP}")
        for each in item.session.items
        if each.get_closest_marker("kernel")
    ]
    told = guest.results(tuple(chosen))
    reports = told.reports.get(item.nodeid.removesuffix(f"@{GROUP}"))
    if reports is None:
        why = f"The guest did not run this test. It said last:\n{told.console}"
        return [report_of(item, "failed", why)]
    return [
        pytest.TestReport._from_json(each | {"nodeid": item.nodeid}) for each in reports
    ]


def report_of(item: pytest.Item, result: str, why: object) -> pytest.TestReport:
    """Return a report of this process."""
    return pytest.TestReport(
        item.nodeid,
        item.location,
        {},
        result,
        why,
        "call" if result == "failed" else "setup",
    )
