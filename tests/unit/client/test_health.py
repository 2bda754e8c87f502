import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proximity.client.computations import Computation, computations
from proximity.client.health import (
    Check,
    CheckName,
    State,
    check_adapter,
    check_advertising,
    check_clock,
    check_kernels,
    check_store,
    check_work,
    failed_store,
    render_change,
    render_check,
    worst,
)
from proximity.client.health_log import Trouble, Work, WorkState
from proximity.client.notification import languages, load_texts
from proximity.errors import (
    KernelError,
    LockedError,
    PermissionDeniedError,
    RadioError,
    RadioOffError,
)
from proximity.store.schema import open_store

NOW_S = 20_800 * 86_400.0
NEVER = {work: WorkState() for work in Work}
DENIED = PermissionDeniedError("It may not.", "Allow it.")
OFF = RadioOffError("It is off.", "Switch it on.")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = open_store(tmp_path / "store.sqlite")
    yield made
    made.close()


def test_one_backend_that_works_is_enough():
    check = check_adapter([("linux-mgmt", DENIED), ("bluez", None)])

    assert check.state is State.OK
    assert check.values == {"backend": "bluez"}


def test_the_backend_that_is_open_to_everybody_says_what_is_wrong():
    check = check_adapter([("linux-mgmt", DENIED), ("bluez", OFF)])

    assert (check.state, check.code) == (State.FAIL, "radio-off")


def test_a_machine_without_backends_fails():
    assert check_adapter([]).state is State.FAIL


def test_an_adapter_that_a_run_may_use_is_left_alone():
    assert check_adapter(None).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("can", "state"), [(True, State.OK), (False, State.WARN), (None, State.UNKNOWN)]
)
def test_a_machine_that_only_listens_is_a_warning(can: bool | None, state: State):
    assert check_advertising(can_advertise=can).state is state


def test_a_clock_behind_a_signed_time_fails():
    check = check_clock(NOW_S, int(NOW_S) + 7_201, NEVER)

    assert (check.state, check.code) == (State.FAIL, "clock-behind")


def test_a_clock_that_lost_its_battery_fails():
    assert check_clock(0.0, None, NEVER).state is State.FAIL


def test_a_clock_that_was_set_back_is_a_warning():
    noted = NEVER | {Work.SCAN: WorkState(int(NOW_S) + 3_600)}

    assert check_clock(NOW_S, None, noted).code == "clock-set-back"


def test_a_plausible_clock_is_right():
    noted = NEVER | {Work.SCAN: WorkState(int(NOW_S) - 60)}

    assert check_clock(NOW_S, int(NOW_S), noted).state is State.OK


def lacking() -> bool:
    raise KernelError("This machine has no such kernel.", "Use the plain form.")


RIGHT = Computation("right", lambda: True)
WRONG = Computation("wrong", lambda: False)
MISSING = Computation("missing", lacking)


def test_what_is_known_beforehand_comes_out_on_this_machine():
    check = check_kernels(computations())

    assert check.state is not State.FAIL
    assert str(check.values["kernels"])


@pytest.mark.parametrize(
    ("found", "state", "named"),
    [
        ([RIGHT, WRONG], State.FAIL, "wrong"),
        ([MISSING, WRONG], State.FAIL, "wrong"),
        ([RIGHT, MISSING], State.WARN, "missing"),
    ],
)
@pytest.mark.parametrize("language", languages())
def test_a_kernel_that_errs_or_lacks_is_named_with_a_remedy(
    found: list[Computation], state: State, named: str, language: str
):
    check = check_kernels(found)
    text = render_check(check, language)

    assert check.state is state
    assert named in text.reason
    assert text.remedy


def test_a_store_that_is_whole_is_right(connection: sqlite3.Connection):
    assert check_store(connection, is_current=True).state is State.OK


def test_a_store_that_does_not_open_fails_and_a_missing_one_does_not():
    locked = failed_store(LockedError("It is locked.", "Unlock it."))

    assert (locked.state, locked.code) == (State.FAIL, "store-locked")
    assert failed_store(None).state is State.UNKNOWN


@pytest.mark.parametrize(
    ("work", "state", "expected"),
    [
        (Work.SCAN, WorkState(), (State.UNKNOWN, "never")),
        (Work.SCAN, WorkState(int(NOW_S) - 300), (State.OK, "recent")),
        (Work.SCAN, WorkState(int(NOW_S) - 3_600), (State.WARN, "stale")),
        (Work.FETCH, WorkState(int(NOW_S) - 3_600), (State.OK, "recent")),
        (
            Work.SCAN,
            WorkState(int(NOW_S), Trouble.RADIO_OFF, int(NOW_S)),
            (State.FAIL, "radio-off"),
        ),
        (
            Work.ADVERTISEMENT,
            WorkState(None, Trouble.ADVERTISING_UNSUPPORTED, int(NOW_S)),
            (State.WARN, "advertising-unsupported"),
        ),
    ],
)
def test_work_is_judged_by_its_last_success_and_its_trouble(
    work: Work, state: WorkState, expected: tuple[State, str]
):
    check = check_work(work, state, NOW_S, has_authority=True)

    assert (check.state, check.code) == expected


def test_nobody_to_fetch_from_is_no_failure():
    check = check_work(Work.FETCH, WorkState(), NOW_S, has_authority=False)

    assert (check.state, check.code) == (State.UNKNOWN, "no-authority")


def test_the_age_of_a_success_ahead_of_the_clock_is_nothing():
    ahead = WorkState(int(NOW_S) + 500)

    check = check_work(Work.SCAN, ahead, NOW_S, has_authority=True)

    assert check.values == {"minutes": 0}


def test_the_worst_state_stands_for_all():
    checks = [
        Check(CheckName.STORE, state, "never") for state in (State.WARN, State.OK)
    ]

    assert worst(checks) is State.WARN
    assert worst([]) is State.OK


def test_a_check_is_put_into_words():
    text = render_check(check_adapter([("bluez", OFF)]), "en")

    assert (text.name, text.state) == ("adapter", "fails")
    assert text.reason == "The Bluetooth adapter is off or gone."
    assert text.remedy.startswith("Switch it on")


@pytest.mark.parametrize("language", languages())
def test_every_trouble_and_every_recovery_has_its_words(language: str):
    for work in Work:
        assert render_change(work, None, language)
        for trouble in Trouble:
            assert "{" not in render_change(work, trouble, language)


def shape(texts: Any) -> Any:
    return {k: shape(v) for k, v in texts.items()} if isinstance(texts, dict) else None


def test_every_language_says_the_same_things():
    english, vietnamese = load_texts("en"), load_texts("vi")

    assert shape(english) == shape(vietnamese)
    for part, names in (("checks", CheckName), ("states", State)):
        assert set(english[part]) == {each.value for each in names}
    assert {each.value for each in Trouble} <= set(english["health"])


def test_a_machine_without_bluetooth_is_not_told_to_switch_it_off_and_on():
    check = check_adapter([("linux-mgmt", RadioError("No Bluetooth.", "Load it."))])

    assert (check.state, check.code) == (State.FAIL, "adapter-unusable")
    assert "off and on" not in render_check(check, "en").remedy


def test_a_backend_that_is_not_there_is_named():
    check = check_adapter([])

    assert check.code == "backend-unknown"
    assert "--backend auto" in render_check(check, "vi").remedy
