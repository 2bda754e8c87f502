"""`proximity audit`: whether what a recording heard lets a stranger follow a device."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.cli.profile import ProfileOption, read_profile
from proximity.protocol.carrier import DeploymentProfile
from proximity.protocol.linkability import Linkability, audit_linkability
from proximity.protocol.on_air import Kind, kind_of
from proximity.protocol.reception import Receptions
from proximity.protocol.recording import read_recording


def audit(
    recording: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="What a device heard: JSON Lines or compressed.",
        ),
    ],
    *,
    profile: ProfileOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Count the pairs of address and ID that break the one-to-one rule."""
    numbers = read_profile(profile)
    heard = read_recording(recording, numbers)
    kinds = count_kinds(heard.receptions, numbers)
    found = audit_linkability(heard.receptions, numbers)
    if as_json:
        schemes = {name: asdict(result) for name, result in found.items()}
        emit_json(
            "proximity/audit/v1",
            {
                "receptions": len(heard.receptions.t_ms),
                "scans": len(heard.scans.start_ms),
                "kinds": kinds,
                "schemes": schemes,
            },
        )
        return
    n, k = len(heard.receptions.t_ms), len(heard.scans.start_ms)
    say(f"{n:>10,} advertisements in {k:,} scans")
    say_kinds(kinds)
    for name, result in found.items():
        if result.ids:
            _say_result(name, result)
    if not any(result.ids for result in found.values()):
        say("no ID was heard: nobody can be followed by this, and nothing is proved")


def count_kinds(receptions: Receptions, profile: DeploymentProfile) -> dict[str, int]:
    """Count receptions by what they are; every kind is named."""
    times = np.bincount(receptions.broadcast, minlength=len(receptions.broadcasts))
    kinds: Counter[Kind] = Counter()
    for broadcast, n in zip(receptions.broadcasts, times.tolist(), strict=True):
        kinds[kind_of(broadcast.data, profile)] += n
    return {kind.value: kinds[kind] for kind in Kind}


def say_kinds(kinds: dict[str, int]) -> None:
    """Print how many advertisements were of each kind."""
    for kind, n in kinds.items():
        if n:
            say(f"{n:>10,} {kind}")


def _say_result(name: str, result: Linkability) -> None:
    verdict = "linkable" if result.breaking_pairs else "one to one"
    say(f"{name}: {verdict}")
    followed_s = result.longest_followed_s
    for n, what in (
        (result.ids, "IDs"),
        (result.addresses, "addresses"),
        (result.pairs, "pairs of address and ID"),
        (result.breaking_pairs, "pairs that break the one-to-one rule"),
        (result.addresses_of_several_ids, "addresses with several IDs"),
        (result.ids_of_several_addresses, "IDs under several addresses"),
        (result.most_ids_joined, "IDs joined at most"),
        (result.receptions_without_address, "receptions without an address"),
    ):
        say(f"{n:>10,} {what}")
    say(f"{followed_s:>10,.0f} seconds for which one device could be followed")
