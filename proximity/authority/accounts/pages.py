"""All pages of accounts."""

from collections.abc import Mapping

from proximity.authority.accounts import (
    approval_pages,
    officer_pages,
    organisation_pages,
    self_pages,
    session_pages,
    sign_in_pages,
)
from proximity.authority.accounts.four_eyes import Deed
from proximity.authority.console.registry import Card, Page


def pages(deeds: Mapping[str, Deed]) -> list[Page]:
    """Return every page of accounts.

    Parameters
    ----------
    deeds : mapping of str to Deed
        Everything in the console that needs four eyes, by its kind.
    """
    return [
        *approval_pages.pages(deeds),
        *officer_pages.pages(),
        *organisation_pages.pages(),
        *session_pages.pages(),
        *self_pages.pages(),
        *sign_in_pages.pages(),
    ]


def cards() -> list[Card]:
    """Return the figures of accounts for the start page."""
    return approval_pages.cards()
