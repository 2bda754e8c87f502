"""Key files that an officer hands in, published from the database of the service."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.database import named_errors, reading
from proximity.authority.publish.batch_model import batches, files
from proximity.authority.publish.rules import check_upload, is_stale
from proximity.authority.publish.worker import WorkReport, work
from proximity.authority.upload.model import AcceptedKey, Upload, exposures
from proximity.authority.upload.writer import store_uploads
from proximity.errors import InvalidUploadError
from proximity.protocol.key_file import KeyFile, UploadedKey

_NO_ONSET_DAYS = 0


class FileReport(NamedTuple):
    """What one run did, by the names of `PublishReport`."""

    files: tuple[str, ...]
    keys: int
    revised: int
    padding: int
    held_back: int
    repeated: int


@named_errors()
def publish_key_files(authority: Authority, uploads: Sequence[KeyFile]) -> FileReport:
    """Accept all files or none, then publish what may go out.

    Raises
    ------
    InvalidUploadError
        If a file breaks the rules.
    LockedError, PolicyError, StoreError
        As `work`.
    """
    for place, upload in enumerate(uploads, 1):
        _check(authority, upload, f"Key file {place} of {len(uploads)}")
    with authority.engine.begin() as connection:
        newest = select(func.coalesce(func.max(batches.c.number), 0))
        before = connection.execute(newest).scalar_one()
        repeated = _store(authority, connection, uploads)
    report = work(authority)
    return _report(authority, before, repeated, report)


def _check(authority: Authority, upload: KeyFile, what: str) -> None:
    region = authority.settings.region
    try:
        if upload.region not in (None, region):
            raise InvalidUploadError(
                f"it is for {upload.region}, this authority for {region}.",
                "Publish it at the authority of its region.",
            )
        check_upload(upload.keys, now_s=authority.now_s)
    except InvalidUploadError as error:
        raise InvalidUploadError(f"{what}: {error}", error.hint) from error


def _store(
    authority: Authority, connection: Connection, uploads: Sequence[KeyFile]
) -> int:
    now_s, repeated = authority.now_s, 0
    for place, upload in enumerate(uploads, 1):
        # Only a revoked key may be so old; every device has forgotten it.
        keys = [k for k in upload.keys if not is_stale(k.end_interval, now_s)]
        if not keys:
            continue
        repeated += _known_alike(connection, keys)
        accepted = tuple(map(_accepted, keys))
        # An officer may change every key: the token names them all.
        token = frozenset((key.key, key.start, key.period) for key in accepted)
        one = Upload(accepted, False, token, authority.entropy(32), now_s)
        (answer,) = store_uploads(
            connection, [one], authority.settings.region, now_s=now_s
        )
        if isinstance(answer, ApiError):
            raise InvalidUploadError(
                f"Key file {place} of {len(uploads)}: {answer}.",
                "Nothing of this run was accepted. The rules are in "
                "docs/reference/published-directory.md.",
            )
    return repeated


def _known_alike(connection: Connection, keys: Sequence[UploadedKey]) -> int:
    kind = func.coalesce(exposures.c.revised_type, exposures.c.report_type)
    rows = connection.execute(
        select(exposures.c.key, kind).where(
            exposures.c.key.in_([key.key for key in keys])
        )
    )
    types = {bytes(key): report_type for key, report_type in rows}
    return sum(types.get(key.key) == key.report_type for key in keys)


def _accepted(key: UploadedKey) -> AcceptedKey:
    return AcceptedKey(
        key.key,
        key.start_interval,
        key.period,
        key.report_type,
        _NO_ONSET_DAYS if key.days_since_onset is None else key.days_since_onset,
        key.transmission_risk,
    )


def _report(
    authority: Authority, before: int, repeated: int, report: WorkReport
) -> FileReport:
    c = batches.c
    with reading(authority.engine) as connection:
        names = connection.execute(
            select(files.c.name).where(files.c.batch > before).order_by(files.c.name)
        )
        counts = (c.key_count, c.revised_count, c.padding_count)
        sums = (func.coalesce(func.sum(each), 0) for each in counts)
        keys, revised, padding = connection.execute(
            select(*sums).where(c.number > before)
        ).one()
        return FileReport(
            files=tuple(names.scalars()),
            keys=keys,
            revised=revised,
            padding=padding,
            held_back=report.held_back,
            repeated=repeated,
        )
