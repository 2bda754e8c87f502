"""What the console shows."""

from proximity.authority.accounts.model import Area
from proximity.authority.console.features import DEEDS, build_registry
from proximity.authority.console.registry import Door, Kind


def test_pages_before_sign_in_are_those_of_the_door_and_of_persons_themselves():
    opened = {page.name for page in build_registry().pages if page.door is Door.OPEN}

    assert {each.split("-")[0] for each in opened} == {"sign", "welcome", "my"}


def test_only_what_concerns_the_visitor_needs_no_right():
    free = {page.name for page in build_registry().pages if page.needs is None}

    assert {each.split("-")[0] for each in free} == {
        "today",
        "me",
        "my",
        "sign",
        "set",
        "welcome",
    }


def test_who_changes_something_needs_the_right_to_write():
    acts = [page for page in build_registry().pages if page.kind is Kind.ACT]
    reading = {page.name for page in acts if page.needs and page.needs.level.value < 2}

    assert reading == set()


def test_every_deed_has_its_own_name():
    assert len({deed.kind for deed in DEEDS}) == len(DEEDS)


def test_every_card_leads_to_a_page():
    registry = build_registry()
    paths = {page.path for page in registry.pages}

    assert {card.to for card in registry.cards} <= paths
    assert {card.needs.area for card in registry.cards} <= set(Area)
