"""One request to the console, as a page sees it."""

import unicodedata
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import ColumnElement, Connection

from proximity.authority.accounts.model import Action, Officer, Unit
from proximity.authority.accounts.rules import allowed, units_in_reach
from proximity.authority.accounts.sessions import Session
from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.plain_text import has_unseen

_MAX_FIELDS = 200


class Audit(Protocol):
    """Where it is written down who did what; the line is there before the deed."""

    def __call__(
        self, connection: Connection, officer: str, action: str, *, subject: str
    ) -> None:
        """Append one line within the transaction of the deed.

        Parameters
        ----------
        connection : Connection
        officer : str
            ID of who acts.
        action : str
            For example "accounts.reset".
        subject : str
            ID of the thing or person acted on; never a name.
        """
        ...


class Form:
    """Fields of a form or of an address, read with bounds.

    Parameters
    ----------
    data : bytes
        As browsers encode it.

    Raises
    ------
    ApiError
        If it is no form, or has too many fields.
    """

    def __init__(self, data: bytes = b"") -> None:
        try:
            pairs = urllib.parse.parse_qsl(
                data.decode("utf-8"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MAX_FIELDS,
            )
        except ValueError as error:
            raise ApiError(400, "bad_form", "the form cannot be read") from error
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        """Tell nothing of what was filled in."""
        return "<Form>"

    def text(self, name: str, longest: int, *, lines: bool = False) -> str:
        """Return one field, normalised, without its outer spaces; "" if it is missing.

        Parameters
        ----------
        name : str
        longest : int
            Characters.
        lines : bool
            Whether it may have several lines.

        Raises
        ------
        ApiError
            If it is longer, or holds characters that are not seen.
        """
        value = unicodedata.normalize("NFC", self._fields.get(name, [""])[0])
        value = value.replace("\r\n", "\n").strip()
        if len(value) > longest:
            raise ApiError(400, "too_long", f"a field has over {longest} characters")
        if has_unseen(value, "\n\t" if lines else ""):
            raise ApiError(400, "unseen", "a field has characters that are not seen")
        return value

    def all(self, name: str, longest: int) -> list[str]:
        """Return every value of a field that may come more than once."""
        return [value for value in self._fields.get(name, []) if len(value) <= longest]

    def secret(self, name: str) -> str:
        """Return a password as it was typed, in one normal form."""
        value = self._fields.get(name, [""])[0]
        return unicodedata.normalize("NFC", value[:1_024])

    def __contains__(self, name: str) -> bool:
        """Tell whether a field was sent."""
        return name in self._fields


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is given.

    Attributes
    ----------
    authority : Authority
    officer : Officer
        Without grants on pages before sign-in.
    session : Session | None
    parameters : mapping
        Of the path.
    query, form : Form
    translate : callable
        As `t`, of the visitor's language.
    audit : Audit
    browser : bytes
        Names this browser; a secret of its cookie.
    client : str
        Address of the network; only to be used hashed.
    agent : str
        What kind of browser it is, in words.
    language : str
    origin : str
        Where the console is, for example "https://console.example.org".
    form_token : str
        What every form of this visit's page sends along.
    """

    authority: Authority
    officer: Officer
    session: Session | None
    parameters: Mapping[str, str]
    query: Form
    form: Form
    translate: Callable[..., str]
    audit: Audit
    browser: bytes
    client: str
    agent: str
    language: str
    origin: str
    form_token: str

    def __repr__(self) -> str:
        """Tell who comes."""
        return f"<Visit of {self.officer.id}>"

    @property
    def now_s(self) -> int:
        """Unix seconds."""
        return self.authority.now_s

    def t(self, message: str, **values: object) -> str:
        """Return a message in the visitor's language."""
        return self.translate(message, **values)

    def may(self, action: Action, unit: Unit | None = None) -> bool:
        """Tell whether the visitor may do something in a unit, or anywhere."""
        return allowed(self.officer, action, unit)

    def reach(self, action: Action, column: ColumnElement[str]) -> ColumnElement[bool]:
        """Return the condition that a row's unit is one where the visitor may act."""
        return units_in_reach(self.officer, action, column)

    def note(self, connection: Connection, action: str, *, subject: str) -> None:
        """Write down what the visitor is about to do."""
        self.audit(connection, self.officer.id, action, subject=subject)
