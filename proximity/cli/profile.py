"""The option by which a command is told a deployment's assigned numbers."""

from pathlib import Path
from typing import Annotated

import typer

from proximity.protocol.carrier import DEFAULT_PROFILE, DeploymentProfile
from proximity.protocol.profile_file import MAX_PROFILE_BYTES, parse_profile

ProfileOption = Annotated[
    Path | None,
    typer.Option(
        "--profile",
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="JSON with the deployment's service UUID, company and marker UUID.",
    ),
]


def read_profile(file: Path | None) -> DeploymentProfile:
    """Return the profile of a file, or that of this program if none is named.

    Raises
    ------
    FormatError
        If the file is something else.
    """
    if file is None:
        return DEFAULT_PROFILE
    with file.open("rb") as stream:
        return parse_profile(stream.read(MAX_PROFILE_BYTES + 1))
