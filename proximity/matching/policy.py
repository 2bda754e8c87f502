"""What a match tolerates, and what a device knows when it matches."""

from dataclasses import dataclass, field

from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.diagnosis_key import NO_ONSET

_NEAREST_ONSET_DAY = -14
_N, _S, _H = Infectiousness.NONE, Infectiousness.STANDARD, Infectiousness.HIGH


def _lfph_v2() -> tuple[Infectiousness, ...]:
    """-14..-5 none, -4 and -3 standard, -2..3 high, 4 and 5 standard, 6..14 none."""
    return (*[_N] * 10, *[_S] * 2, *[_H] * 6, *[_S] * 2, *[_N] * 9)


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """The published rules as numbers; docs/reference/matching.md gives the sources.

    Attributes
    ----------
    tolerance_intervals : int
        How many ten-minute intervals a sighting may lie beside its ID's own.
    replay_limit_s : int
        An ID heard longer than this after its first sighting is being replayed.
    window_s : int
        A scan that starts this long after its window begins the next window.
    scan_gap_s : float
        Sightings outside recorded scans at most this far apart are one scan.
    tx_power_dbm : tuple of (int, int)
        Least and greatest transmit power that is believed.
    rssi_correction_db : int
        What is added to the RSSI that this model of receiver reports.
    infectiousness : tuple of Infectiousness
        29 entries, for -14..14 days since onset; default: the curve of the LFPH.
    infectiousness_unknown : Infectiousness
        For a key without days since onset, or with days beyond -14..14.
    recursive : bool
        Whether keys of contacts are matched, and no others; else those of cases.
    """

    tolerance_intervals: int = 12
    replay_limit_s: int = 1_200
    window_s: int = 1_800
    scan_gap_s: float = 25.5
    tx_power_dbm: tuple[int, int] = (-50, 20)
    rssi_correction_db: int = 0
    infectiousness: tuple[Infectiousness, ...] = _lfph_v2()
    infectiousness_unknown: Infectiousness = _S
    recursive: bool = False

    def infectiousness_on(self, days_since_onset: int) -> Infectiousness:
        """Look up the infectiousness that many days since onset."""
        position = days_since_onset - _NEAREST_ONSET_DAY
        if days_since_onset == NO_ONSET or not 0 <= position < len(self.infectiousness):
            return self.infectiousness_unknown
        return self.infectiousness[position]


DEFAULT_POLICY = MatchPolicy()


@dataclass(frozen=True, slots=True)
class MatchContext:
    """What a device knows beside the keys and what it heard.

    Attributes
    ----------
    published_s : int or None
        End time of the export, Unix seconds; None where the export names none.
    now_s : int
        Unix seconds by a trusted clock.
    own_keys : frozenset of bytes
        This device's temporary exposure keys.
    revoked_keys : frozenset of bytes
        Keys that are known to have been withdrawn.
    earliest_day : int or None
        First UTC day number of which sightings are still stored; None if nothing
        was ever forgotten.
    """

    published_s: int | None
    now_s: int
    own_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    revoked_keys: frozenset[bytes] = field(default=frozenset(), repr=False)
    earliest_day: int | None = None

    @property
    def public_from_s(self) -> int:
        """When anybody could have known the keys: nothing later is evidence."""
        if self.published_s is None:
            return self.now_s
        return min(self.published_s, self.now_s)
