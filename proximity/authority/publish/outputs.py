"""Which exports a batch becomes: the own one, and one for each region of travellers."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, and_

from proximity.authority.publish.rules import pad_keys
from proximity.authority.settings import Settings
from proximity.authority.upload.model import exposures
from proximity.protocol.diagnosis_key import DiagnosisKeys, concatenate_keys
from proximity.protocol.export import ExportKeys
from proximity.protocol.export_columns import select_keys


class Output(NamedTuple):
    """What goes to one published directory.

    Attributes
    ----------
    region : str
        That its exports name.
    folder : str
        Where in the store it lies, as a prefix.
    keys, revised : DiagnosisKeys
        With padding, and without.
    """

    region: str
    folder: str
    keys: DiagnosisKeys
    revised: DiagnosisKeys


def of_travellers() -> ColumnElement[bool]:
    """Return which keys other regions are told of, as a condition on rows.

    What another authority has published is not among them: its partners have it from
    itself.
    """
    return and_(exposures.c.traveler, exposures.c.origin == "upload")


def folders_of(settings: Settings) -> dict[str, str]:
    """Return by region where in the store its directory lies; the own one first."""
    others = {region: f"{region}/" for region in settings.regions_of_travellers}
    return {settings.region: ""} | others


def compose_outputs(
    batch: ExportKeys,
    travelling: ExportKeys,
    settings: Settings,
    entropy: Callable[[int], bytes],
) -> list[Output]:
    """Pad a batch and the part of it that goes to other regions.

    All that is in one export of the batch is in the own one too, and the others are
    alike: else whoever compares two of them would see which of their keys are real.

    Parameters
    ----------
    batch, travelling : ExportKeys
        Of people; all that is in the second is in the first.
    settings : Settings
    entropy : callable int -> bytes
        Gives so many random bytes.

    Returns
    -------
    list of Output
        The own one first, with its invented keys last; none without content.
    """
    shared = pad_keys(travelling.keys, settings.minimum, entropy)
    real, padded = len(travelling.keys.key), len(shared.key)
    invented = select_keys(shared, np.arange(real, padded))
    own = pad_keys(concatenate_keys([batch.keys, invented]), settings.minimum, entropy)
    outputs = [
        Output(
            region,
            folder,
            shared if folder else own,
            travelling.revised if folder else batch.revised,
        )
        for region, folder in folders_of(settings).items()
    ]
    return [each for each in outputs if len(each.keys.key) + len(each.revised.key)]
