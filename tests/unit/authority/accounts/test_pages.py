"""All pages of accounts together."""

from proximity.authority.accounts.pages import cards, pages
from proximity.authority.console.registry import Registry


def test_every_part_is_there_and_no_two_are_alike():
    registry = Registry(tuple(pages({})), tuple(cards()))

    for name in ("sign-in", "me", "officers", "units", "approvals", "sessions"):
        assert registry.page(name)
    assert [card.name for card in registry.cards] == ["approvals"]
