"""The straight line: what was heard, what is published, what it means, whom to tell.

All day:               `hear` every sighting → `flush` to the store
A few times a day:     `update`, for each new export: fetch → verify → match → store;
                       then `decide`: score → decide; then `notices` → `told`
Once a day:            `forget`
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proximity.client.channel import Channel, case_channel, contact_channel
from proximity.client.exposures import (
    Findings,
    match_export,
    store_findings,
    stored_windows,
)
from proximity.client.fetch import (
    FetchedExport,
    FetchResult,
    fetch_exports,
)
from proximity.client.network import Network
from proximity.client.notices import (
    Moment,
    Notice,
    decide_and_store,
    pending_notices,
)
from proximity.client.own_broadcast import Form, advertisement_at
from proximity.client.sharing_door import forget_sharing
from proximity.client.trust import verify_export
from proximity.errors import FormatError, NetworkError, ProximityError, TrustError
from proximity.matching.candidates import EncounterIndex
from proximity.matching.exposure_window import ExposureWindow
from proximity.matching.policy import DEFAULT_POLICY, MatchContext, MatchPolicy
from proximity.matching.refusal import Refusal
from proximity.protocol.export import Export
from proximity.protocol.export_index import INDEX_NAME, RECURSIVE_FOLDER
from proximity.protocol.index_history import RememberedIndex
from proximity.protocol.sighting import Scans, Sighting
from proximity.protocol.signature import VerificationKey
from proximity.scoring.config import Configuration
from proximity.scoring.decision import Decision
from proximity.store.connection import transaction
from proximity.store.decisions import Subject, mark_shown
from proximity.store.encounters import read_encounters
from proximity.store.own_keys import list_keys
from proximity.store.processed_exports import (
    ProcessedExport,
    list_processed,
    mark_processed,
    recall_index,
    remember_index,
)
from proximity.store.retention import EARLIEST_DAY, Forgotten, forget_before
from proximity.store.scans import Scan, read_scans, record_scan
from proximity.store.sealing import SealingKey
from proximity.store.sightings import SightingLog
from proximity.store.state import raise_number, read_number
from proximity.units import DAY_S, MS_PER_S, Clock, day_of

RETENTION_DAYS = 14
NEWEST_EXPORT = "newest-export-s"


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Whom a device believes, and how it decides.

    Attributes
    ----------
    source_url : str
        Address of an authority's published directory.
    verification_keys : tuple of VerificationKey
        The authority's pinned keys; a signature by one of them is enough.
    configuration : Configuration
        The scoring rule that decides.
    policy : MatchPolicy
    retention_days : int
        How many days before today are kept.
    contact_configuration : Configuration or None
        The rule that decides on keys of contacts; None leaves them alone.

    Raises
    ------
    ValueError
        If the configuration looks further back than the retention: what is forgotten
        would look like what the authority withdrew.
    """

    source_url: str
    verification_keys: tuple[VerificationKey, ...]
    configuration: Configuration
    policy: MatchPolicy = DEFAULT_POLICY
    retention_days: int = RETENTION_DAYS
    contact_configuration: Configuration | None = None

    def __post_init__(self) -> None:
        """Refuse a retention that cannot serve the rule."""
        rules = [self.configuration.rule]
        if self.contact_configuration is not None:
            rules.append(self.contact_configuration.rule)
        look_back_days = max(rule.look_back_days for rule in rules)
        if self.retention_days < look_back_days:
            raise ValueError(f"the rule looks back {look_back_days} days: keep as many")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine takes from the world: time, network and chance.

    `home` is the folder of the store, where a sharing may have been left unfinished.
    """

    clock: Clock
    network: Network
    entropy: Callable[[int], bytes]
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What became of one export.

    Attributes
    ----------
    name : str
        Its line in the index.
    status : str
        "matched", "no-match", "beyond-retention" (it came too late to tell),
        "repeated" or "refused" (it is tried again next time).
    error : ProximityError | None
        Why it was refused.
    """

    name: str
    status: str
    error: ProximityError | None = None


class Engine:
    """One device's engine over its store.

    Parameters
    ----------
    connection : sqlite3.Connection
        As `open_store` returns it; the caller closes it.
    sealing : SealingKey
    settings : EngineSettings
    surroundings : Surroundings
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        sealing: SealingKey,
        settings: EngineSettings,
        surroundings: Surroundings,
    ) -> None:
        self._connection = connection
        self._sealing = sealing
        self._settings = settings
        self._world = surroundings
        self._log = SightingLog(connection)
        self._index: EncounterIndex | None = None

    def advertisement(self, form: Form) -> bytes:
        """Return what to advertise now; a new day's first call makes its key."""
        return advertisement_at(
            self._connection,
            self._sealing,
            self._now_s(),
            form=form,
            entropy=self._world.entropy,
        )

    def hear(self, sighting: Sighting) -> None:
        """Take one sighting; it is acknowledged by the next `flush`."""
        self._log.record(sighting)

    def scanned(self, scan: Scan) -> None:
        """Store a scan that has ended, also one that heard nothing."""
        record_scan(self._connection, scan)

    def flush(self) -> int:
        """Store durably all that was heard; return how many sightings that were."""
        return self._log.flush(self._now_s() * MS_PER_S)

    def update(self) -> list[ExportOutcome]:
        """Fetch, verify, match and store all new exports, then decide.

        Returns
        -------
        list of ExportOutcome
            One for each export that was not processed before, oldest first.

        Raises
        ------
        NetworkError, FormatError, ReplayedError
            If there is no index to believe; see `fetch_exports`.
        LockedError, StoreError
            If the store cannot be used.
        """
        self.flush()
        heard = self._heard()
        cases = case_channel(self._settings.source_url, self._settings.policy)
        outcomes = self._update_from(cases, heard)
        if self._settings.contact_configuration is not None:
            outcomes += self._update_contacts(heard)
        self.decide()
        return outcomes

    def windows(self, subject: Subject = Subject.CASE) -> list[ExposureWindow]:
        """Return the exposure windows that are kept, with cases or with contacts."""
        since = self._today() - self._settings.retention_days
        recursive = subject is Subject.CONTACT
        return stored_windows(
            self._connection, self._sealing, since, recursive=recursive
        )

    def decide(self) -> Decision:
        """Score what is kept, decide, and store a change before anyone is told.

        Returns
        -------
        Decision
            On cases; that on contacts has a rule and a row of notices of its own.
        """
        if self._settings.contact_configuration is not None:
            self._decide(Subject.CONTACT, self._settings.contact_configuration)
        return self._decide(Subject.CASE, self._settings.configuration)

    def notices(self) -> list[Notice]:
        """Return what this person is still to be told, oldest first."""
        pending = (
            notice
            for subject in Subject
            for notice in pending_notices(self._connection, self._sealing, subject)
        )
        return sorted(pending, key=lambda notice: notice.number)

    def told(self, notice: Notice) -> None:
        """Note that this person was told."""
        mark_shown(self._connection, notice.number, self._now_s() * MS_PER_S)

    def forget(self) -> Forgotten:
        """Forget what is older than the retention; for once a day."""
        # It holds what was heard, in memory.
        self._index = None
        if self._world.home is not None:
            forget_sharing(self._world.home, now_s=self._now_s())
        before = self._today() - self._settings.retention_days
        return forget_before(self._connection, before)

    def _decide(self, subject: Subject, configuration: Configuration) -> Decision:
        return decide_and_store(
            self._connection,
            self._sealing,
            configuration,
            self.windows(subject),
            now=Moment(self._now_s() * MS_PER_S, self._today()),
            subject=subject,
        )

    def _update_contacts(
        self, heard: tuple[EncounterIndex, Scans]
    ) -> list[ExportOutcome]:
        """Do as `update` with keys of contacts; they stand in nobody's way."""
        contacts = contact_channel(self._settings.source_url, self._settings.policy)
        try:
            return self._update_from(contacts, heard)
        except NetworkError:
            # An authority need not publish any.
            return []
        except (FormatError, TrustError) as error:
            return [ExportOutcome(f"{RECURSIVE_FOLDER}/{INDEX_NAME}", "refused", error)]

    def _update_from(
        self, channel: Channel, heard: tuple[EncounterIndex, Scans]
    ) -> list[ExportOutcome]:
        fetched = self._fetch(channel)
        outcomes = [self._process(each, heard, channel) for each in fetched.exports]
        source = channel.source_url
        remember_index(self._connection, source, fetched.remembered.lines)
        return outcomes

    def _fetch(self, channel: Channel) -> FetchResult:
        """Read the index; each new export is fetched when its turn comes."""
        source = channel.source_url
        names = (done.name for done in list_processed(self._connection))
        return fetch_exports(
            source,
            RememberedIndex(recall_index(self._connection, source)),
            self._world.network,
            processed=channel.lines_of(names),
            now_s=self._now_s(),
        )

    def _process(
        self,
        fetched: FetchedExport,
        heard: tuple[EncounterIndex, Scans],
        channel: Channel,
    ) -> ExportOutcome:
        """Verify one export, match it with what was heard, store what it means."""
        if fetched.content is None:
            return ExportOutcome(fetched.name, "refused", fetched.error)
        try:
            export = verify_export(
                fetched.name,
                fetched.content,
                self._settings.verification_keys,
                newest_s=read_number(self._connection, NEWEST_EXPORT) or 0,
                now_s=self._now_s(),
            )
            findings = match_export(
                export,
                *heard,
                context=self._context(export),
                policy=channel.policy,
            )
        except (FormatError, TrustError) as error:
            return ExportOutcome(fetched.name, "refused", error)
        return ExportOutcome(
            fetched.name, self._store(fetched.name, export, findings, channel)
        )

    def _store(
        self, name: str, export: Export, findings: Findings, channel: Channel
    ) -> str:
        """Store what an export brought and that it is done, at once; return how."""
        status = _status(findings)
        done = ProcessedExport(
            channel.digest(export),
            channel.mark + name,
            self._now_s() * MS_PER_S,
            status,
        )
        with transaction(self._connection):
            if not mark_processed(self._connection, done):
                return "repeated"
            store_findings(self._connection, self._sealing, findings)
            raise_number(self._connection, NEWEST_EXPORT, export.end_s)
        return status

    def _heard(self) -> tuple[EncounterIndex, Scans]:
        # From the first: an export is matched once, also if the clock runs ahead just
        # then; what is too old is for `forget` to delete. One day beyond now: what a
        # clock that ran ahead has stamped is there to be counted as refused.
        span_ms = (0, (self._now_s() + DAY_S) * MS_PER_S)
        encounters = read_encounters(self._connection, *span_ms)
        if self._index is None:
            tolerance = self._settings.policy.tolerance_intervals
            self._index = EncounterIndex(encounters, tolerance)
        else:
            self._index.update(encounters)
        return self._index, read_scans(self._connection, *span_ms)

    def _context(self, export: Export) -> MatchContext:
        own = list_keys(self._connection, self._sealing)
        return MatchContext(
            published_s=export.end_s or None,
            now_s=self._now_s(),
            own_keys=frozenset(each.key for each in own),
            earliest_day=read_number(self._connection, EARLIEST_DAY),
        )

    def _now_s(self) -> int:
        return int(self._world.clock.wall())

    def _today(self) -> int:
        return day_of(self._world.clock.wall())


def _status(findings: Findings) -> str:
    if findings.exposures:
        return "matched"
    if findings.result.refused[Refusal.BEYOND_RETENTION]:
        return "beyond-retention"
    return "no-match"
