"""An encounter that may still go on: its sightings on their way into rows."""

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

from proximity.store.neighbours import Edges
from proximity.store.series import pack_series

# A row is written anew whenever it grows: it is closed while that is cheap, and
# early enough that forgetting a day by whole rows is exact to the hour.
ROW_SIGHTINGS = 300
ROW_MS = 3_600_000


@dataclass(slots=True)
class SeriesRow:
    """Sightings of one row of the table, in time order.

    Attributes
    ----------
    t_ms : array of int64
    rssi_dbm : array of int8
    row : int | None
        Number of the row, once it is stored.
    stored : int
        How many of the sightings, from the first, are stored.
    """

    t_ms: "array[int]" = field(default_factory=lambda: array("q"))
    rssi_dbm: "array[int]" = field(default_factory=lambda: array("b"))
    row: int | None = None
    stored: int = 0

    def takes(self, t_ms: int) -> bool:
        """Tell whether a sighting at this time still belongs into this row."""
        if not self.t_ms:
            return True
        if len(self.t_ms) >= ROW_SIGHTINGS or abs(t_ms - self.t_ms[0]) > ROW_MS:
            return False
        return not self.stored or t_ms >= self.t_ms[self.stored - 1]

    def add(self, t_ms: int, rssi_dbm: int) -> None:
        """Insert a sighting in time order; it is the last one but for some jitter."""
        place = bisect_right(self.t_ms, t_ms)
        self.t_ms.insert(place, t_ms)
        self.rssi_dbm.insert(place, rssi_dbm)

    def drop_stored(self) -> None:
        """Start as a new row with only what was never stored."""
        del self.t_ms[: self.stored]
        del self.rssi_dbm[: self.stored]
        self.row, self.stored = None, 0

    def packed(self) -> bytes:
        """Return the series as it is stored."""
        return pack_series(self.t_ms, self.rssi_dbm)


@dataclass(slots=True)
class OpenEncounter:
    """One ephemeral ID that was heard lately.

    Attributes
    ----------
    edges : Edges
        What tells which ID came before, and comes after.
    ephemeral_id, metadata : bytes
    address : bytes | None
        The last known one; never stored.
    address_changed : bool
    rows : list of SeriesRow
        The last one takes new sightings; those before it wait to be stored.
    """

    edges: Edges
    ephemeral_id: bytes = field(repr=False)
    metadata: bytes = field(repr=False)
    address: bytes | None = field(default=None, repr=False)
    address_changed: bool = False
    rows: list[SeriesRow] = field(default_factory=lambda: [SeriesRow()], repr=False)

    def hear(self, t_ms: int, rssi_dbm: int) -> None:
        """Take one more sighting."""
        self.edges.hear(t_ms, rssi_dbm)
        if not self.rows[-1].takes(t_ms):
            self.rows.append(SeriesRow())
        self.rows[-1].add(t_ms, rssi_dbm)

    def unstored_rows(self) -> list[SeriesRow]:
        """Return the rows that hold something not stored yet, oldest first."""
        return [row for row in self.rows if row.stored < len(row.t_ms)]
