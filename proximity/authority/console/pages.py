"""The start page: what there is to do today."""

from collections.abc import Sequence
from functools import partial

from proximity.authority.console.registry import Card, Group, Page
from proximity.authority.console.view import Html, View
from proximity.authority.console.visit import Visit


def pages(cards: Sequence[Card]) -> list[Page]:
    """Return the start page.

    Parameters
    ----------
    cards : sequence of Card
        Of all features, in the order in which they are shown.
    """
    return [Page("today", "/today", partial(_today, cards), nav=Group.WORK)]


def _today(cards: Sequence[Card], visit: Visit) -> View:
    shown = [
        {"name": card.name, "value": card.count(visit), "to": card.to}
        for card in cards
        if visit.may(card.needs)
    ]
    return Html("console/today.html", {"cards": shown})
