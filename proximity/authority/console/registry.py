"""What the console consists of: pages and cards, as values that features hand in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from proximity.authority.accounts.model import Action, Unit
from proximity.authority.console.view import View
from proximity.authority.console.visit import Visit

PREFIX = "/console"


class Kind(StrEnum):
    """What an address of the console gives."""

    PAGE = "page"
    FRAGMENT = "fragment"
    CSV = "csv"
    ACT = "act"


class Door(StrEnum):
    """Who may come as far as a page."""

    OPEN = "open"
    ENROLLING = "enrolling"
    SIGNED_IN = "signed-in"


class Group(StrEnum):
    """The groups of the navigation, in its order."""

    WORK = "work"
    PUBLICATION = "publication"
    OVERSIGHT = "oversight"
    PEOPLE = "people"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Page:
    """One address of the console.

    Attributes
    ----------
    name : str
        Unique; the messages `page.<name>.title` and `page.<name>.help` say what it is
        and what it does.
    path : str
        Below `/console`, with parameters in braces.
    answer : callable Visit -> View
        Runs in a thread, when everything below has been checked.
    needs : Action | None
        None for what concerns nobody but the visitor.
    kind : Kind
    unit_of : callable Visit -> Unit | None, or None
        The unit of the thing that the address names; its None means that there is no
        such thing.
    nav : Group | None
        Where the navigation lists it.
    door : Door
        Whom the console lets in; needs no right unless signed in.

    Raises
    ------
    ValueError
        If the parts contradict each other.
    """

    name: str
    path: str
    answer: Callable[[Visit], View]
    needs: Action | None = None
    kind: Kind = Kind.PAGE
    unit_of: Callable[[Visit], Unit | None] | None = None
    nav: Group | None = None
    door: Door = Door.SIGNED_IN

    def __post_init__(self) -> None:
        """Refuse a page that could not be kept safe."""
        if "{" in self.path and self.needs is not None and self.unit_of is None:
            raise ValueError(f"{self.name}: an address of a thing needs its unit")
        if self.needs is not None and self.door is not Door.SIGNED_IN:
            raise ValueError(f"{self.name}: only who signed in has rights")
        if self.nav is not None and (self.kind is not Kind.PAGE or "{" in self.path):
            raise ValueError(f"{self.name}: the navigation lists whole pages")

    @property
    def method(self) -> str:
        """Return the method of HTTP."""
        return "POST" if self.kind is Kind.ACT else "GET"


@dataclass(frozen=True, slots=True)
class Card:
    """A figure of the start page.

    Attributes
    ----------
    name : str
        The message `card.<name>` says what is counted.
    needs : Action
        Who lacks it does not see the card.
    count : callable Visit -> int | str
        Within the visitor's reach.
    to : str
        The page, below `/console`, that tells more.
    is_work : bool
        Whether something has to be done until it is 0. The message `card.<name>.why`
        says what.
    """

    name: str
    needs: Action
    count: Callable[[Visit], int | str]
    to: str
    is_work: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """All pages and cards of one console.

    Raises
    ------
    ValueError
        If two pages have one name or one address.
    """

    pages: tuple[Page, ...]
    cards: tuple[Card, ...] = ()
    _by_name: dict[str, Page] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse what could not be told apart."""
        addresses = {(page.method, page.path) for page in self.pages}
        self._by_name.update({page.name: page for page in self.pages})
        if not len(addresses) == len(self._by_name) == len(self.pages):
            raise ValueError("two pages have one name or one address")

    def page(self, name: str) -> Page:
        """Return a page by its name."""
        return self._by_name[name]

    def listed(self, group: Group) -> Iterable[Page]:
        """Yield what the navigation lists in a group, in the order of registration."""
        return (page for page in self.pages if page.nav is group)
