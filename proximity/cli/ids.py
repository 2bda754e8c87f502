"""`proximity ids`: the ephemeral IDs of one key."""

import binascii
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.protocol import bluezone, gaen
from proximity.protocol.ephemeral_id import EphemeralId
from proximity.units import DAY_S, INTERVALS_PER_DAY, MS_PER_S

MAX_INTERVAL = 2**31 - 1
MAX_TIME_S = 2**32 - 1


class SchemeName(StrEnum):
    """The schemes that `--scheme` takes."""

    GAEN = gaen.NAME
    BLUEZONE = bluezone.NAME


# One parameter for each option: Typer reads them from the signature.
def ids(  # noqa: PLR0913
    *,
    scheme: Annotated[
        SchemeName, typer.Option(help="Key schedule to derive by.")
    ] = SchemeName.GAEN,
    key: Annotated[
        str,
        typer.Option(
            metavar="HEX",
            help="gaen: temporary exposure key, 16 bytes. bluezone: D[0], 32 bytes.",
        ),
    ],
    start_interval: Annotated[
        int | None,
        typer.Option(
            min=0, max=MAX_INTERVAL, help="gaen: first ten-minute interval of the key."
        ),
    ] = None,
    period: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=INTERVALS_PER_DAY,
            help="gaen: number of intervals.",
            show_default=str(INTERVALS_PER_DAY),
        ),
    ] = None,
    day_start: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_TIME_S,
            metavar="UNIX_S",
            help="bluezone: UTC start of day 0.",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=bluezone.MAX_COUNT,
            help="bluezone: IDs a day.",
            show_default=str(bluezone.DEFAULT_COUNT),
        ),
    ] = None,
    day: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=bluezone.MAX_DAYS,
            help="bluezone: days after day 0, one hash each.",
            show_default="0",
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Print the ephemeral IDs of a key, one a line, in the order they are sent."""
    if scheme is SchemeName.GAEN:
        _refuse(scheme, {"--day-start": day_start, "--count": count, "--day": day})
        derived = _gaen_ids(key, start_interval, period)
    else:
        _refuse(scheme, {"--start-interval": start_interval, "--period": period})
        derived = _bluezone_ids(key, day_start, count, day)
    _write(scheme, derived, as_json=as_json)


def _gaen_ids(
    key: str, start_interval: int | None, period: int | None
) -> tuple[EphemeralId, ...]:
    if start_interval is None:
        raise typer.BadParameter("needed for gaen.", param_hint="--start-interval")
    secret = _key_bytes(key, gaen.KEY_BYTES)
    return gaen.ephemeral_ids(
        secret, start_interval, INTERVALS_PER_DAY if period is None else period
    )


def _bluezone_ids(
    key: str, day_start: int | None, count: int | None, day: int | None
) -> tuple[EphemeralId, ...]:
    if day_start is None:
        raise typer.BadParameter("needed for bluezone.", param_hint="--day-start")
    days = day or 0
    secret = bluezone.advance_key(_key_bytes(key, bluezone.KEY_BYTES), days)
    return bluezone.ephemeral_ids(
        secret,
        day_start + days * DAY_S,
        bluezone.DEFAULT_COUNT if count is None else count,
    )


def _refuse(scheme: SchemeName, others: dict[str, int | None]) -> None:
    """Refuse options that the scheme would silently ignore."""
    for name, value in others.items():
        if value is not None:
            raise typer.BadParameter(
                f"does not belong to {scheme.value}.", param_hint=name
            )


def _key_bytes(text: str, length: int) -> bytes:
    """Read a key; its text is never repeated, since it is a secret."""
    try:
        key = binascii.unhexlify(text)
    except ValueError:
        key = b""
    if len(key) != length:
        raise typer.BadParameter(
            f"must be {2 * length} hex digits ({length} bytes); "
            f"{len(text)} characters were given.",
            param_hint="--key",
        )
    return key


def _write(
    scheme: SchemeName, derived: Sequence[EphemeralId], *, as_json: bool
) -> None:
    if not as_json:
        for item in derived:
            say(item.value.hex())
        return
    rows = [
        {
            "id": item.value.hex(),
            "valid_from": _seconds(item.valid_from_ms),
            "valid_to": _seconds(item.valid_to_ms),
        }
        for item in derived
    ]
    emit_json("proximity/ids/v1", {"scheme": scheme.value, "ids": rows})


def _seconds(t_ms: int) -> int | float:
    """Seconds, with a fraction only where IDs do not change at whole ones."""
    return t_ms / MS_PER_S if t_ms % MS_PER_S else t_ms // MS_PER_S
