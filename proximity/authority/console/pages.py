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
    shown = [(card, card.count(visit)) for card in cards if visit.may(card.needs)]
    work = [(card, value) for card, value in shown if card.is_work]
    # What waits comes before what does not; each in the order of registration.
    work.sort(key=lambda each: not each[1])
    context = {
        "work": work,
        "figures": [(card, value) for card, value in shown if not card.is_work],
        "waiting": any(value for _, value in work),
    }
    return Html("console/today.html", context)
