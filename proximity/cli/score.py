"""`proximity score`: exposure windows in, a value and a level for each day out."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.errors import FormatError, TooLargeError
from proximity.matching.window_file import decode_windows
from proximity.protocol.signature import load_public_key
from proximity.scoring.config import (
    DEFAULT_RULE,
    Configuration,
    built_in,
    names,
    parse_signed_configuration,
)
from proximity.scoring.explain_words import DayInWords, explain_in_words
from proximity.scoring.rule import DayScore, is_alert
from proximity.units import day_from_iso, iso_day

MAX_WINDOWS_BYTES = 256 * 1024 * 1024
# Numbers, lists and objects; parsed, they take up to a hundred bytes each.
MAX_WINDOWS_VALUES = 8_000_000
MAX_SMALL_BYTES = 1024 * 1024
STDIN = "-"
_INDENT = "  "
# Longer lines of words are hard to read.
_WIDEST = 100


class Language(StrEnum):
    """Of people: Vietnamese, English."""

    VI = "vi"
    EN = "en"


# One parameter for each option: Typer reads them from the signature.
def score(  # noqa: PLR0913
    *,
    windows: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="What `proximity match --json` printed; - for standard input.",
        ),
    ],
    rule: Annotated[
        str, typer.Option(metavar="NAME", help=f"One of: {', '.join(names())}.")
    ] = DEFAULT_RULE,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="UTC day from which ages are counted.",
            show_default="last day in the file",
        ),
    ] = None,
    configuration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A signed configuration named NAME, in place of ours."
        ),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="The key that must have signed it."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Tell in plain words why, and how sure."),
    ] = False,
    lang: Annotated[
        Language, typer.Option(help="Language of the explanation.")
    ] = Language.EN,
    as_json: JsonFlag = False,
) -> None:
    """Score exposure windows day by day, with our own rule or a published one."""
    chosen = _choose(rule, configuration, public_key)
    as_of_day = None if as_of is None else _day(as_of)
    found = decode_windows(_read_windows(windows))
    if as_of_day is None:
        as_of_day = max((w.day for w in found), default=0)
    days = chosen.rule.daily(found, as_of_day)
    words = explain_in_words(chosen, found, as_of_day, lang) if explain else []
    if as_json:
        document = _document(chosen, days)
        if explain:
            document["explanation"] = [_explained(each) for each in words]
        emit_json("proximity/score/v1", document)
    else:
        _print(chosen, days)
        for each in words:
            typer.echo(f"\n{iso_day(each.day)}")
            for sentence in each.sentences:
                typer.echo(_wrapped(sentence))


def _choose(
    name: str, configuration: Path | None, public_key: Path | None
) -> Configuration:
    """Return the built-in configuration, or the signed one once it is verified."""
    if (configuration is None) is not (public_key is None):
        message = "--configuration and --public-key go together"
        raise typer.BadParameter(message)
    if configuration is None or public_key is None:
        if name not in names():
            message = f"no rule {name!r}; there are {', '.join(names())}"
            raise typer.BadParameter(message, param_hint="--rule")
        return built_in(name)
    signed = parse_signed_configuration(_read(configuration, "--configuration"))
    verified = signed.verify([load_public_key(_read(public_key, "--public-key"))])
    if verified.name != name:
        message = f"the configuration is named {verified.name!r}, not {name!r}"
        raise typer.BadParameter(message, param_hint="--rule")
    return verified


def _day(text: str) -> int:
    try:
        day = day_from_iso(text)
    except ValueError:
        day = None
    # Python also reads 20210307 and 2021-W10-7.
    if day is None or iso_day(day) != text:
        message = f"{text!r} is not a day as YYYY-MM-DD"
        raise typer.BadParameter(message, param_hint="--as-of")
    return day


def _read(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_SMALL_BYTES)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise typer.BadParameter(message, param_hint=option) from None


def _read_windows(name: str) -> object:
    """Return the JSON value of a file or of standard input."""
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MAX_WINDOWS_BYTES + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(MAX_WINDOWS_BYTES + 1)
    except OSError as error:
        message = f"cannot read {name}: {error.strerror}"
        raise typer.BadParameter(message, param_hint="--windows") from None
    hint = "Give a file that `proximity match --json` wrote."
    if len(data) > MAX_WINDOWS_BYTES:
        message = f"the windows exceed {MAX_WINDOWS_BYTES} bytes"
        raise TooLargeError(message, hint)
    # Each value follows a bracket or a comma.
    if sum(map(data.count, (b"[", b"{", b","))) > MAX_WINDOWS_VALUES:
        message = f"the windows exceed {MAX_WINDOWS_VALUES} values"
        raise TooLargeError(message, hint)
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = "the windows are not JSON"
        raise FormatError(message, hint) from error
    return value


def _document(chosen: Configuration, days: list[DayScore]) -> dict[str, object]:
    return {
        "rule": chosen.name,
        "days": [
            {
                "day": iso_day(day.day),
                "value": day.value,
                "unit": day.unit,
                "level": day.level.name.lower(),
                "minutes": day.minutes,
            }
            for day in days
        ],
        "alert": is_alert(days),
        "configuration": {
            "name": chosen.name,
            "version": chosen.version,
            "digest": chosen.digest,
        },
    }


def _explained(words: DayInWords) -> dict[str, object]:
    found: dict[str, object] = {
        "day": iso_day(words.day),
        "sentences": list(words.sentences),
        "change_db": words.change_db,
    }
    if words.certainty is not None:
        found["chance_percent"] = words.certainty.chance_percent
        found["minutes_within"] = [
            {"metres": metres, **minutes._asdict()}
            for metres, minutes in words.certainty.minutes_within.items()
        ]
        found["dose_minutes"] = words.certainty.dose_minutes._asdict()
    return found


def _wrapped(sentence: str) -> str:
    """Indent a sentence, and break it between words where the terminal ends."""
    width = min(Console().width, _WIDEST)
    return fill(sentence, width, initial_indent=_INDENT, subsequent_indent=2 * _INDENT)


def _print(chosen: Configuration, days: list[DayScore]) -> None:
    table = Table(title=f"{chosen.name} version {chosen.version}", title_justify="left")
    for heading in ("day", "level"):
        table.add_column(heading)
    for heading in (f"value ({chosen.rule.formula.unit})", "minutes near"):
        table.add_column(heading, justify="right")
    for day in days:
        level = day.level.name.lower()
        cells = (f"{day.value:.1f}", f"{day.minutes:.0f}")
        table.add_row(iso_day(day.day), level, *cells)
    console = Console()
    console.print(table)
    console.print("alert" if is_alert(days) else "no alert", highlight=False)
