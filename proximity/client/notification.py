"""What a decision says to its person, in every language that has a file in texts/."""

import json
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from proximity.units import iso_day


class NotificationKind(StrEnum):
    """Why a person is told something."""

    EXPOSED = "exposed"
    EXPOSED_TO_CONTACT = "exposed-to-contact"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell one person.

    Attributes
    ----------
    kind : NotificationKind
    day : int
        UTC day number of the encounter, or of the notice that is withdrawn.
    minutes : int
        Minutes near the case or contact on that day; 0 for a withdrawal.
    """

    kind: NotificationKind
    day: int
    minutes: int


@dataclass(frozen=True, slots=True)
class NotificationText:
    """A notification in one language: a title, a sentence, what to do."""

    title: str
    body: str
    advice: str


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that have texts, in alphabetical order."""
    names = (entry.name for entry in files(__package__).joinpath("texts").iterdir())
    return tuple(sorted(n.removesuffix(".json") for n in names if n.endswith(".json")))


def render_notification(notification: Notification, language: str) -> NotificationText:
    """Put a notification into words.

    Parameters
    ----------
    notification : Notification
    language : str
        One of `languages()`.

    Returns
    -------
    NotificationText

    Raises
    ------
    ValueError
        If there are no texts in that language.
    """
    texts = load_texts(language)
    values = {
        "minutes": notification.minutes,
        "date": format_day(notification.day, texts),
    }
    template = texts[notification.kind.value]
    return NotificationText(
        **{part: template[part].format(**values) for part in template}
    )


def format_day(day: int, texts: dict[str, Any]) -> str:
    """Return a UTC day as a language writes it, with its weekday."""
    year, month, day_of_month = (int(part) for part in iso_day(day).split("-"))
    # Day 0 of the epoch, 1 January 1970, was a Thursday: index 3 from Monday.
    weekday = texts["weekdays"][(day + 3) % 7]
    written: str = texts["date"].format(
        weekday=weekday, day=day_of_month, month=month, year=year
    )
    return written


def load_texts(language: str) -> dict[str, Any]:
    """Return all texts of a language, as its file in texts/ has them.

    Raises
    ------
    ValueError
        If there are no texts in that language.
    """
    if language not in languages():
        raise ValueError(f"no texts in {language!r}; there are {languages()}")
    source = files(__package__).joinpath("texts", f"{language}.json")
    texts: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return texts
