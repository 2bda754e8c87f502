"""Two ways by which keys reach a device: those of cases, and those of contacts.

Each has an index, files and a matching rule of its own, and neither can stand in for
the other: an export that is listed in the wrong place says nothing, and hides nothing.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from proximity.client.fetch import folder_of
from proximity.matching.policy import MatchPolicy
from proximity.protocol.export import Export
from proximity.protocol.export_index import RECURSIVE_FOLDER

# No line of an index can begin so.
_CONTACT_MARK = "recursive:"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where keys of one kind are published, and how they are matched.

    Attributes
    ----------
    source_url : str
        Address of the published directory.
    policy : MatchPolicy
    mark : str
        What goes before the name of a file that was processed.
    """

    source_url: str
    policy: MatchPolicy
    mark: str = ""

    def digest(self, export: Export) -> bytes:
        """Return by what a processed export is remembered, 32 bytes."""
        digest = bytes.fromhex(export.digest)
        if not self.mark:
            return digest
        return hashlib.sha256(self.mark.encode() + digest).digest()

    def lines_of(self, names: Iterable[str]) -> set[str]:
        """Return the lines of this index whose files are processed, of all names."""
        return {n.removeprefix(self.mark) for n in names if n.startswith(self.mark)}


def case_channel(source_url: str, policy: MatchPolicy) -> Channel:
    """Return the channel of the keys of cases."""
    return Channel(source_url, policy)


def contact_channel(source_url: str, policy: MatchPolicy) -> Channel:
    """Return the channel of the keys of contacts, in a folder of the same directory."""
    url = f"{folder_of(source_url)}{RECURSIVE_FOLDER}/"
    return Channel(url, replace(policy, recursive=True), _CONTACT_MARK)
