"""Every kind of data set that can be named on a command line, with its loader."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from proximity.errors import FormatError
from proximity.research.datasets.device_2m import load_device_2m
from proximity.research.datasets.dp3t_campaign import load_dp3t
from proximity.research.datasets.edison import load_edison
from proximity.research.datasets.human_human import load_human_human
from proximity.research.datasets.multichannel import load_multichannel
from proximity.research.datasets.nist_pi import load_nist_pi
from proximity.research.datasets.position_tracks import load_position_tracks
from proximity.research.datasets.segments import load_segments
from proximity.research.datasets.signals import Dataset
from proximity.research.datasets.static_6ft import load_static_6ft

# All but `dp3t` hold one campaign a folder.
_ONE: dict[str, Callable[[Path], Dataset]] = {
    "segments": load_segments,
    "static-6ft": load_static_6ft,
    "edison": load_edison,
    "human-human": load_human_human,
    "multichannel": load_multichannel,
    "nist-pi": load_nist_pi,
    "device-2m": load_device_2m,
    "position-tracks": load_position_tracks,
}
KINDS = ("dp3t", *_ONE)


class Source(NamedTuple):
    """A folder and the form it is in."""

    kind: str
    folder: Path


def parse_source(text: str) -> Source:
    """Read `KIND:DIR`.

    Raises
    ------
    ValueError
        If the text is not of that form, or the kind is unknown.
    """
    kind, colon, folder = text.partition(":")
    if not colon or not folder:
        raise ValueError(f"{text!r} is not KIND:DIR")
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}; there are {', '.join(KINDS)}")
    return Source(kind, Path(folder))


def load(source: Source) -> Sequence[Dataset]:
    """Read the campaigns of a folder.

    Parameters
    ----------
    source : Source

    Returns
    -------
    sequence of Dataset
        One; for `dp3t` one for each experiment.

    Raises
    ------
    FormatError
        If there is no such folder, or a file in it is missing or damaged.
    """
    if not source.folder.is_dir():
        raise FormatError(
            f"{source.folder.name} is no folder", "Name the folder that holds the data."
        )
    if source.kind == "dp3t":
        return load_dp3t(source.folder)
    return [_ONE[source.kind](source.folder)]
