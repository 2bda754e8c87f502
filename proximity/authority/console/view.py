"""What a page answers: values, made into bytes by the console."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

# What makes a spreadsheet take a cell for a formula.
_PIECE_CHARACTERS = 65_536
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Html:
    """A template with what it shows.

    Attributes
    ----------
    template : str
        Below the `templates` of a feature.
    context : mapping
    status : int
        Of HTTP.
    """

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on at another page, after something was done.

    Attributes
    ----------
    to : str
        Below `/console`.
    done : str | None
        The message that says what was done.
    """

    to: str
    done: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Begin a session in this browser: its token becomes the cookie.

    Attributes
    ----------
    token : str
    to : str
        Below `/console`.
    as_json : bool
        Tell a script where to go on instead of redirecting.
    """

    token: str
    to: str
    as_json: bool = False

    def __repr__(self) -> str:
        """Tell nothing of the token."""
        return "<SignedIn>"


@dataclass(frozen=True, slots=True)
class SignedOut:
    """End the session of this browser: the cookie goes."""


@dataclass(frozen=True, slots=True)
class Json:
    """Fields for a script of the console."""

    fields: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Csv:
    """A table to take along.

    Attributes
    ----------
    name : str
        Of the file, without its ending.
    header : sequence of str
    rows : iterable of sequences
        Taken one by one while the table is sent.
    """

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]


View = Html | Redirect | SignedIn | SignedOut | Json | Csv


def encode_csv(view: Csv) -> Iterator[bytes]:
    """Yield a table as UTF-8 that no spreadsheet takes for formulas, piece by piece."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    # Spreadsheets take a file without the mark for one of a local code page.
    text.write("\ufeff")
    for row in chain((view.header,), view.rows):
        writer.writerow([safe_cell(each) for each in row])
        if text.tell() >= _PIECE_CHARACTERS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def safe_cell(value: Any) -> Any:
    """Return a cell that stays a text or a number."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
