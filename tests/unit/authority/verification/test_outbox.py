"""Messages wait in a file for a day, and none is lost by forgetting others."""

import json
import threading

import pytest

from proximity.authority.verification.outbox import KEPT_S, Outbox, forget_messages
from proximity.errors import StoreError

NOW_S = 1_780_000_000


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.jsonl"


def test_a_message_is_a_private_line_with_its_time(path):
    Outbox(path, lambda: NOW_S + 0.5).send("+84900000001", "một")

    assert lines(path) == [{"phone": "+84900000001", "text": "một", "at": NOW_S}]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_telephone_is_gone_after_a_day(path):
    for at_s in (NOW_S, NOW_S + 1):
        Outbox(path, lambda: at_s).send("+84900000001", f"{at_s}")  # noqa: B023 - now

    assert forget_messages(path, now_s=NOW_S + KEPT_S - 1) == 0
    assert forget_messages(path, now_s=NOW_S + KEPT_S) == 1
    assert [each["at"] for each in lines(path)] == [NOW_S + 1]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["outbox.jsonl"]


def test_a_line_of_before_has_a_day_from_now_and_a_torn_one_goes(path):
    path.write_text('{"phone":"1","text":"x"}\n[1]\n{"phone":"2","te')

    assert forget_messages(path, now_s=NOW_S) == 2
    assert lines(path) == [{"phone": "1", "text": "x", "at": NOW_S}]


def test_without_an_outbox_there_is_nothing_to_forget(path):
    assert forget_messages(path, now_s=NOW_S) == 0
    assert not path.exists()


def test_messages_that_come_while_others_are_forgotten_are_all_there(path):
    outbox = Outbox(path, lambda: NOW_S)
    outbox.send("0", "x")

    def send(name: int) -> None:
        for number in range(20):
            outbox.send(f"{name}-{number}", "x")

    threads = [threading.Thread(target=send, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        forget_messages(path, now_s=NOW_S)
    for thread in threads:
        thread.join()

    assert len({each["phone"] for each in lines(path)}) == 61


def test_what_is_no_file_is_a_named_error(path):
    path.mkdir()

    with pytest.raises(StoreError, match="outbox"):
        forget_messages(path, now_s=NOW_S)
