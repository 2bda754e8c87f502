"""The start page: what there is to do today, and how things stand."""

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
        {"card": card, "value": card.count(visit)}
        for card in cards
        if visit.may(card.needs)
    ]
    work = [each for each in shown if each["card"].is_work]
    # What waits comes before what does not; each in the order of registration.
    work.sort(key=lambda each: not each["value"])
    context = {
        "work": work,
        "figures": [each for each in shown if not each["card"].is_work],
        "waiting": sum(1 for each in work if each["value"]),
    }
    return Html("console/today.html", context)
