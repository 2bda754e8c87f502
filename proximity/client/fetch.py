"""From an authority's published directory to the exports not processed yet."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from proximity.client.network import Network, split_http_url
from proximity.errors import FormatError, NetworkError
from proximity.protocol.export_index import INDEX_NAME, MAX_INDEX_BYTES, parse_index
from proximity.protocol.index_history import RememberedIndex, advance_index

# A million keys take 36 MB; keys do not shrink when they are deflated.
MAX_EXPORT_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class FetchedExport:
    """One file of the published directory, or why it could not be had.

    Attributes
    ----------
    name : str
        Its line in the index.
    content : bytes | None
        Not verified yet; None if `error` tells why.
    error : NetworkError | FormatError | None
    """

    name: str
    content: bytes | None
    error: NetworkError | FormatError | None = None

    def __repr__(self) -> str:
        """Tell the name and the size."""
        size = "missing" if self.content is None else f"{len(self.content)} bytes"
        return f"<FetchedExport {self.name} {size}>"


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What there is to process.

    Attributes
    ----------
    remembered : RememberedIndex
        To be stored, and passed to the next call as `known`.
    names : tuple of str
        The files not processed yet, oldest first.
    exports : iterator of FetchedExport
        One for each name; each is fetched when it is asked for, so that one at a
        time is in memory.
    """

    remembered: RememberedIndex
    names: tuple[str, ...]
    exports: Iterator[FetchedExport]


def fetch_exports(
    source_url: str,
    known: RememberedIndex,
    network: Network,
    *,
    processed: Collection[str],
    now_s: float,
) -> FetchResult:
    """Read the index of an authority and fetch what was not processed yet.

    A file that cannot be had does not stand in the way of the others; as long as
    the caller does not count it as processed, the next call tries it again.

    Parameters
    ----------
    source_url : str
        Address of the published directory or of its index.txt.
    known : RememberedIndex
        From the last call for this authority; empty at first.
    network : Network
    processed : collection of str
        Lines of the index whose files were verified and are done.
    now_s : float
        Unix seconds.

    Returns
    -------
    FetchResult

    Raises
    ------
    NetworkError
        If the index cannot be had.
    FormatError
        If it is not an index.
    ReplayedError
        If it is older than, or lacks part of, what was seen before.
    """
    folder_url = folder_of(source_url)
    lines = parse_index(network.get(folder_url + INDEX_NAME, MAX_INDEX_BYTES))
    remembered = advance_index(known, lines, proven=processed, now_s=now_s)
    names = tuple(sorted(set(lines) - set(processed)))
    exports = (_fetch(folder_url, name, network) for name in names)
    return FetchResult(remembered, names, exports)


def _fetch(folder_url: str, name: str, network: Network) -> FetchedExport:
    try:
        return FetchedExport(name, network.get(folder_url + name, MAX_EXPORT_BYTES))
    except (NetworkError, FormatError) as error:
        return FetchedExport(name, None, error)


def folder_of(source_url: str) -> str:
    """Return the address of a published directory, with a slash at its end."""
    parts = split_http_url(source_url)._replace(query="")
    path = parts.path.removesuffix(INDEX_NAME)
    if path == parts.path and not path.endswith("/"):
        path += "/"
    return parts._replace(path=path).geturl()
