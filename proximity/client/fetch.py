"""From an authority's published directory to the exports not processed yet."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from proximity.client.network import Network, split_http_url
from proximity.errors import FormatError, NetworkError, ReplayedError
from proximity.protocol.export import Export
from proximity.protocol.export_index import INDEX_NAME, MAX_INDEX_BYTES, parse_index
from proximity.units import DAY_S

# A million keys take 36 MB; keys do not shrink when they are deflated.
MAX_EXPORT_BYTES = 64 << 20
# The authority keeps a file for 14 days; the clocks of both may differ by one.
VANISHES_AFTER_S = 13 * DAY_S
_TIMES_OF_NAME = re.compile(r"(\d{1,10})-(\d{1,10})-(\d{1,5})\.zip")


@dataclass(frozen=True, slots=True)
class RememberedIndex:
    """What the index of one authority listed when it was last read.

    Attributes
    ----------
    lines : tuple of str
        Ascending; the newest that was proved, if the index ran empty.
    """

    lines: tuple[str, ...] = ()


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


def advance_index(
    known: RememberedIndex,
    lines: Collection[str],
    *,
    proven: Collection[str],
    now_s: float,
) -> RememberedIndex:
    """Compare an index with the last one and refuse a step back.

    The index bears no signature. Whoever serves it cannot forge keys, but could
    hide them: by an old index, or by one that lacks lines. Only the oldest lines
    may vanish, once they are old. A line whose file never came, or bore no good
    signature, may vanish at any time, and one from the future is not remembered: else
    a single invented line would make every honest index after it a step back.

    Parameters
    ----------
    known : RememberedIndex
    lines : collection of str
        The index now, any order.
    proven : collection of str
        Lines whose files bore a good signature.
    now_s : float
        Unix seconds.

    Returns
    -------
    RememberedIndex
        What to compare the next index with.

    Raises
    ------
    ReplayedError
        Source: docs/decisions/0004-a-thinned-index-is-refused.md.
    """
    listed = set(lines)
    kept = [line for line in known.lines if line in listed]
    vanished = [line for line in set(known.lines) - listed if line in proven]
    if not all(_is_expired(line, now_s, unknown=True) for line in vanished):
        raise _stepped_back("a file that it listed before is gone too early")
    if kept and vanished and max(vanished) > min(kept):
        raise _stepped_back("a file is gone from the middle")
    # The proof of a line is forgotten with its keys; by then only its age is left.
    settled = [
        line
        for line in known.lines
        if line in proven or _is_expired(line, now_s, unknown=False)
    ]
    newest = max(settled, default="")
    if listed and max(listed) < newest:
        raise _stepped_back("its newest file is older than one seen before")
    plausible = {line for line in listed if (_end_of(line) or 0) <= now_s + DAY_S}
    return RememberedIndex(tuple(sorted(plausible or {newest} - {""})))


def check_name(name: str, export: Export) -> None:
    """Refuse an export that is listed under the time of another.

    A file is asked for once, by its name: a true export under the name of a newer one
    would hide that one for good, and hold up every honest index that lacks the name.

    Parameters
    ----------
    name : str
        Its line in the index; one that tells no times passes.
    export : Export
        Verified.

    Raises
    ------
    ReplayedError
        If the times in the name are not those that the authority signed.
    """
    found = _match_name(name)
    if found is None:
        return
    start_s, end_s, number = (int(text) for text in found.groups())
    # The reference server names all files of a split batch by the end of the batch,
    # and lets file n end up to n seconds later.
    if start_s != export.start_s or not end_s <= export.end_s <= end_s + number:
        raise ReplayedError(
            "The index lists an export under the time of another.",
            "Somebody may be hiding exports from you. It was not processed; update "
            "again on another network, and tell the authority if it stays so.",
        )


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


def _is_expired(line: str, now_s: float, *, unknown: bool) -> bool:
    """Tell whether the authority no longer keeps a file; `unknown` without a time."""
    end_s = _end_of(line)
    return unknown if end_s is None else end_s + VANISHES_AFTER_S <= now_s


def _end_of(line: str) -> int | None:
    """Return the end of the time that a file covers, by its name, Unix seconds."""
    times = _match_name(line)
    return None if times is None else int(times[2])


def _match_name(line: str) -> re.Match[str] | None:
    return _TIMES_OF_NAME.fullmatch(line.rpartition("/")[2])


def _stepped_back(why: str) -> ReplayedError:
    return ReplayedError(
        f"The index of the authority steps back: {why}.",
        "Somebody may be hiding exports from you. Nothing was processed; try again "
        "on another network, and tell the authority if it stays so.",
    )
