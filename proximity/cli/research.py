"""`proximity research …`: what is done once, far from any phone."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from proximity.cli.console import JsonFlag, emit_json
from proximity.ranging.population import (
    MOST_VERSION,
    NAME_CHARACTERS,
    Parameters,
    Population,
    default_parameters,
    encode_parameters,
)
from proximity.research.datasets.catalogue import KINDS, Source, load, parse_source
from proximity.research.fitting.fitter import fitter

app = typer.Typer(help="Fit what the estimator knows of phones, bodies and places.")

_SCHEMA = "proximity/research-fit/v1"
_SHOWN = {
    "level_db": "attenuation at 1 m, dB",
    "slope_db": "per decade of distance, dB",
    "send_sd": "senders differ by, dB",
    "hear_sd": "receivers differ by, dB",
    "link_sd": "encounters differ by, dB",
    "slow_sd": "slow fading, dB",
    "fast_sd": "fast fading, dB",
    "distance_log10": "mean distance, log10 m",
    "distance_pair_sd": "pairs differ by, log10 m",
}


@app.callback()
def research() -> None:
    """Keep `fit` a command of its own, whatever else the group holds."""


@app.command()
def fit(
    *,
    dataset: Annotated[
        list[str],
        typer.Option(
            metavar="KIND:DIR",
            help=f"A folder of measured signals; KIND is one of: {', '.join(KINDS)}.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="PARAMS.json", help="The file.")
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the parameters.")
    ] = "fitted",
    version: Annotated[int, typer.Option(min=1, max=MOST_VERSION, help="Of them.")] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Fit the parameters of the estimator to recordings with known distances.

    Recordings whose transmit power is calibrated make one population, all others
    another; of a kind that was not given, the population of the default is kept.
    """
    sources = [_source(text) for text in dataset]
    _check(name, output)
    fit_population = fitter()
    console = Console(stderr=True)
    with console.status("reading"):
        campaigns = [campaign for source in sources for campaign in load(source)]
    collections = [each for campaign in campaigns for each in campaign.collections]
    provenance = [
        {
            "name": campaign.name,
            "collections": len(campaign.collections),
            "sightings": sum(len(c.sightings.t_ms) for c in campaign.collections),
        }
        for campaign in campaigns
    ]
    kept = default_parameters()
    found: dict[bool, Population] = {}
    for calibrated in (True, False):
        mine = [each for each in collections if each.calibrated_power is calibrated]
        if mine:
            with console.status(f"fitting {len(mine)} collections"):
                found[calibrated] = fit_population(mine)
    parameters = Parameters(
        name,
        version,
        found.get(True, kept.calibrated),
        found.get(False, kept.uncalibrated),
        {"datasets": provenance, "kept": _kept(found, kept)},
    )
    output.write_bytes(encode_parameters(parameters))
    if as_json:
        emit_json(
            _SCHEMA,
            {
                "parameters": str(output),
                "digest": parameters.digest,
                "datasets": provenance,
            },
        )
    else:
        _print(parameters)
        typer.echo(f"{output}  {parameters.digest}")


def _check(name: str, output: Path) -> None:
    """Refuse, before anything is fitted, what could not be written or read again."""
    if not 0 < len(name) <= NAME_CHARACTERS:
        message = f"give 1 to {NAME_CHARACTERS} characters"
        raise typer.BadParameter(message, param_hint="--name")
    if output.is_dir() or not output.parent.is_dir():
        message = f"{output} is a folder, or in none that there is"
        raise typer.BadParameter(message, param_hint="--output")


def _source(text: str) -> Source:
    try:
        return parse_source(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--dataset") from None


def _kept(found: dict[bool, Population], kept: Parameters) -> list[str]:
    names = {True: "calibrated", False: "uncalibrated"}
    return [
        f"{name} of {kept.name} {kept.version}"
        for calibrated, name in names.items()
        if calibrated not in found
    ]


def _print(parameters: Parameters) -> None:
    table = Table(title=f"{parameters.name} {parameters.version}", title_justify="left")
    table.add_column("")
    for heading in ("calibrated", "uncalibrated"):
        table.add_column(heading, justify="right")
    for each, text in _SHOWN.items():
        table.add_row(
            text,
            *(
                f"{getattr(population, each):.2f}"
                for population in (parameters.calibrated, parameters.uncalibrated)
            ),
        )
    Console().print(table)
