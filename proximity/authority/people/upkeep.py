"""What the worker does for personal data in each run, after it has published."""

import logging
from dataclasses import dataclass

from proximity.authority.assembly import Authority
from proximity.authority.audit.countersign import countersign
from proximity.authority.audit.pruning import prune_audit
from proximity.authority.audit.unusual import raise_alarms
from proximity.authority.people.retention import forget_people
from proximity.authority.publish.published_store import PublishedStore
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.authority.service.structured_log import log_event
from proximity.authority.verification.outbox import OUTBOX_FILE, forget_messages
from proximity.errors import DamagedRecordError, FormatError, TrustError
from proximity.protocol.signature import Signer


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What one run did.

    Attributes
    ----------
    forgotten : int
        Persons whose time was over.
    alarms : int
        Accounts that opened unusually many persons, told for the first time.
    audit_intact : bool
        Whether the audit could be countersigned, or was already today.
    """

    forgotten: int
    alarms: int
    audit_intact: bool


def keep_up(authority: Authority, store: PublishedStore) -> Upkeep:
    """Forget persons and old messages, look for unusual reads, keep the audit.

    It is countersigned, and rows whose time is over go.

    A damaged audit is told, not signed; it must not keep the keys of cases from being
    published.

    Parameters
    ----------
    authority : Authority
        Held by `only_worker`.
    store : PublishedStore

    Raises
    ------
    StoreError, NetworkError
        If a store cannot be used.
    """
    forgotten = forget_people(authority).people
    forget_messages(authority.directory / OUTBOX_FILE, now_s=authority.now_s)
    alarms = raise_alarms(authority)
    if alarms:
        log_event("unusual reads", level=logging.WARNING, made=alarms)

    def signers() -> list[Signer]:
        return ensure_signers(
            authority.directory,
            authority.settings.region,
            now_s=authority.now_s,
            passphrase=authority.passphrase,
        )

    try:
        if countersign(authority, store, signers):
            prune_audit(authority, store)
    except (DamagedRecordError, FormatError, TrustError) as error:
        log_event("audit", level=logging.ERROR, error=type(error).__name__)
        return Upkeep(forgotten, alarms, audit_intact=False)
    return Upkeep(forgotten, alarms, audit_intact=True)
