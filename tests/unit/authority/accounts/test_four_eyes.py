"""One asks, another decides."""

from typing import NamedTuple

import pytest
from console_world import World

from proximity.authority.accounts.four_eyes import (
    WAITS_S,
    Deed,
    State,
    Verdict,
    Wish,
    ask_for,
    decide,
    find_request,
    list_requests,
    may_decide,
    may_withdraw,
)
from proximity.authority.accounts.model import Area, Officer, Role, approvals
from proximity.authority.accounts.officers import lock_account
from proximity.authority.accounts.refusal import RefusalError
from proximity.authority.accounts.rules import writes


class Desk(NamedTuple):
    """Who asks and who decides, and what was done."""

    world: World
    asker: Officer
    other: Officer
    deed: Deed
    done: list[str]

    def ask(self, subject="thing", unit="02641"):
        wish = Wish(self.deed, self.world.units[unit], subject, {"a": "b"})
        with self.world.authority.engine.begin() as connection:
            return ask_for(connection, self.world.authority, self.asker, wish)

    def decide(self, officer, request, verdict=Verdict.APPROVE, deed=None):
        deeds = {"test": deed or self.deed}
        return decide(self.world.authority, officer, request, verdict, deeds=deeds)

    def state(self, request):
        with self.world.authority.engine.begin() as connection:
            return find_request(connection, request).state


@pytest.fixture
def desk(world, someone):
    done = []

    def perform(_authority, request):
        done.append(request.subject)
        return "shown once"

    return Desk(
        world,
        someone(Role.ADMINISTRATOR, "080").officer,
        someone(Role.SUPERVISOR, "080").officer,
        Deed("test", writes(Area.ACCOUNTS), perform, lambda *_: {}),
        done,
    )


def test_what_another_approves_is_done_once(desk):
    request = desk.ask()

    assert desk.decide(desk.other, request) == "shown once"
    assert desk.state(request) is State.DONE
    with pytest.raises(RefusalError):
        desk.decide(desk.other, request)
    assert desk.done == ["thing"]


def test_nobody_approves_what_they_asked_for(desk):
    request = desk.ask()

    with pytest.raises(RefusalError):
        desk.decide(desk.asker, request)
    assert desk.done == []


def test_nobody_approves_what_is_about_themselves(desk):
    request = desk.ask(subject=desk.other.id)

    with pytest.raises(RefusalError):
        desk.decide(desk.other, request)
    assert desk.done == []


def test_nobody_asks_for_themselves_or_outside_of_their_units(desk):
    with pytest.raises(RefusalError):
        desk.ask(subject=desk.asker.id)
    with pytest.raises(RefusalError):
        desk.ask(unit="088")


@pytest.mark.parametrize(
    ("role", "unit"),
    [(Role.SUPERVISOR, "088"), (Role.AUDITOR, "080"), (Role.EPIDEMIOLOGIST, "root")],
)
def test_who_has_no_say_there_does_not_decide(desk, someone, role, unit):
    request = desk.ask()
    stranger = someone(role, unit).officer

    for verdict in Verdict:
        with pytest.raises(RefusalError):
            desk.decide(stranger, request, verdict)
    assert desk.state(request) is State.WAITING


def test_a_refusal_and_a_withdrawal_do_nothing(desk):
    for officer, verdict, after in (
        (desk.other, Verdict.REFUSE, State.REFUSED),
        (desk.asker, Verdict.WITHDRAW, State.WITHDRAWN),
    ):
        request = desk.ask()
        desk.decide(officer, request, verdict)
        assert desk.state(request) is after
    assert desk.done == []


def test_who_asked_has_to_have_the_right_still(desk):
    request, authority = desk.ask(), desk.world.authority
    with authority.engine.begin() as connection:
        lock_account(connection, desk.asker.id, "root", authority.now_s)

    with pytest.raises(RefusalError, match="no longer"):
        desk.decide(desk.other, request)


def test_a_request_does_not_wait_for_ever(desk, clock):
    request = desk.ask()
    clock.now_s += WAITS_S

    with pytest.raises(RefusalError, match="too long"):
        desk.decide(desk.other, request)


def test_asked_twice_it_is_one_request(desk):
    assert desk.ask() == desk.ask()
    assert desk.ask("another") != desk.ask()


def test_a_deed_that_fails_waits_again(desk):
    def fail(*_):
        raise OSError("disk")

    request = desk.ask()
    failing = Deed("test", writes(Area.ACCOUNTS), fail, lambda *_: {})
    with pytest.raises(OSError, match="disk"):
        desk.decide(desk.other, request, deed=failing)

    assert desk.state(request) is State.WAITING


def test_a_request_that_is_none_is_refused(desk):
    with pytest.raises(RefusalError):
        desk.decide(desk.other, "none", Verdict.REFUSE)


def test_lists_show_what_is_open(desk):
    refused, waiting = desk.ask("one"), desk.ask("two")
    desk.decide(desk.other, refused, Verdict.REFUSE)
    everywhere = approvals.c.id.is_not(None)
    with desk.world.authority.engine.begin() as connection:
        now_s = desk.world.authority.now_s
        shown = list_requests(connection, everywhere, open_at_s=now_s)
        every = list_requests(connection, everywhere, open_at_s=None)

    assert [each.id for each in shown] == [waiting]
    assert len(every) == 2
    assert may_decide(desk.other, shown[0], now_s)
    assert not may_decide(desk.asker, shown[0], now_s)
    assert may_withdraw(desk.asker, shown[0], now_s)
    assert not may_withdraw(desk.other, shown[0], now_s)
