"""The features that the console shows; a new one is a line in each list."""

from collections.abc import Iterable

from proximity.authority.accounts import pages as accounts
from proximity.authority.accounts.deeds import GRANT, MOVE, RESET
from proximity.authority.audit import pages as audit
from proximity.authority.cases import pages as cases
from proximity.authority.cases.deeds import WITHDRAW
from proximity.authority.console import pages as start
from proximity.authority.console.registry import Page, Registry
from proximity.authority.people import pages as people
from proximity.authority.publish import pages as publish
from proximity.authority.verification import pages as verification
from proximity.authority.verification import statistics_pages

DEEDS = (RESET, GRANT, MOVE, publish.ROTATE, WITHDRAW)


def build_registry(more: Iterable[Page] = ()) -> Registry:
    """Return every page and card of the console.

    Parameters
    ----------
    more : iterable of Page
        Those that this one console has besides.
    """
    cards = (
        *cases.cards(),
        *verification.cards(),
        *accounts.cards(),
        *publish.cards(),
        *audit.cards(),
    )
    return Registry(
        pages=(
            *start.pages(cards),
            *cases.pages(),
            *verification.pages(),
            *publish.pages(),
            *statistics_pages.pages(),
            *audit.pages(),
            *people.pages(),
            *accounts.pages({deed.kind: deed for deed in DEEDS}),
            *more,
        ),
        cards=cards,
    )
