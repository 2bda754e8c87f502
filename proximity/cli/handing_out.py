"""What the commands have in common by which something leaves this device."""

import sys
from typing import Annotated

import typer

from proximity.errors import ConsentError
from proximity.units import day_from_iso

DeviceKeyOption = Annotated[
    str,
    typer.Option(envvar="PROXIMITY_DEVICE_KEY", help="The authority's device key."),
]
HealthAuthorityOption = Annotated[
    str, typer.Option(metavar="ID", help="The authority's ID.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def parse_days(text: str) -> range:
    """Return the days of FROM..TO.

    Parameters
    ----------
    text : str
        Two UTC days as YYYY-MM-DD..YYYY-MM-DD.

    Raises
    ------
    typer.BadParameter
        If they are none, or the wrong way round.
    """
    first_text, separator, last_text = text.partition("..")
    try:
        first, last = day_from_iso(first_text), day_from_iso(last_text)
    except ValueError as error:
        raise wrong_days("give two days as YYYY-MM-DD..YYYY-MM-DD") from error
    if not separator or first > last:
        raise wrong_days("the first day comes after the last")
    return range(first, last + 1)


def wrong_days(why: str) -> typer.BadParameter:
    """Return the error that says what is wrong with `--days`."""
    return typer.BadParameter(why, param_hint="--days")


def ask_first(question: str, refused: str) -> None:
    """Ask the person; nothing leaves without a yes.

    Parameters
    ----------
    question : str
    refused : str
        What is said otherwise.

    Raises
    ------
    ConsentError
        If the person says no, or nobody can answer.
    """
    refusal = ConsentError(
        refused, "Answer yes when you are asked; where nobody can answer, add --yes."
    )
    try:
        if not typer.confirm(question, err=True):
            raise refusal
    except typer.Abort as error:
        # The question is still open on its line.
        note("")
        raise refusal from error


def note(text: str) -> None:
    """Tell something on standard error, also where the result is JSON."""
    sys.stderr.write(f"{text}\n")
