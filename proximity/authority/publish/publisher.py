"""One run of publication: keys in, a directory that any static server can serve out.

    accept → release → pad, split → write and sign aside → commit → show → index

The commit is one rename of the state file. Before it nothing of the run counts and
what lies aside is thrown away; after it the next run finishes what is missing. So a
crash at any instant publishes no key twice and shows no part of a file.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from proximity.authority.publish.durable_files import (
    IMMUTABLE_MODE,
    PUBLIC_MODE,
    make_folder,
    move_whole,
    sole_writer,
    write_whole,
)
from proximity.authority.publish.model import (
    AuthorityState,
    PublishedFile,
    PublishSettings,
)
from proximity.authority.publish.rules import (
    RETENTION_S,
    accept_key,
    check_upload,
    is_released,
    is_stale,
    key_columns,
    pad_keys,
)
from proximity.authority.publish.signing_keys import ensure_signers
from proximity.authority.publish.state import load_state, save_state
from proximity.errors import InvalidUploadError, PolicyError
from proximity.protocol.diagnosis_key import DiagnosisKeys
from proximity.protocol.export_index import INDEX_NAME, encode_index
from proximity.protocol.export_writer import ExportContent, split_content, write_export
from proximity.protocol.key_file import KeyFile
from proximity.protocol.signature import Signer
from proximity.units import DAY_S, INTERVAL_S

EXPORT_FOLDER = "exports"
_ASIDE_FOLDER = "staging"


@dataclass(frozen=True, slots=True)
class PublishReport:
    """What one run did.

    Attributes
    ----------
    files : tuple of str
        New lines of the index.
    keys, revised, padding : int
        In these files: keys of people, changed keys of people, invented keys.
    held_back : int
        Accepted keys that wait until they can no longer be in use.
    repeated : int
        Keys that were handed in again without change.
    index : Path
        The index file.
    """

    files: tuple[str, ...]
    keys: int
    revised: int
    padding: int
    held_back: int
    repeated: int
    index: Path


@dataclass(frozen=True, slots=True)
class _Batch:
    """Keys that go out together; `keys` with padding."""

    keys: DiagnosisKeys
    revised: DiagnosisKeys
    real: int
    start_s: int
    end_s: int


def publish(
    directory: Path,
    uploads: Sequence[KeyFile],
    settings: PublishSettings,
    *,
    now_s: int,
    entropy: Callable[[int], bytes],
) -> PublishReport:
    """Accept keys and publish all that may go out.

    Parameters
    ----------
    directory : Path
        The authority's data directory; the first run makes it and its signing key.
        Only its folder `exports` is meant for others.
    uploads : sequence of KeyFile
        One for each person; none to publish only what was held back.
    settings : PublishSettings
    now_s : int
        Unix seconds.
    entropy : callable int -> bytes
        Gives so many random bytes, for the padding.

    Returns
    -------
    PublishReport

    Raises
    ------
    InvalidUploadError
        If a file breaks the rules; then nothing of any file was accepted.
    PolicyError
        If the region is not that of the directory, or the clock is behind it.
    LockedError
        If another process is publishing.
    StoreError
        If the directory is damaged or of a newer version.
    """
    with sole_writer(directory):
        make_folder(directory / EXPORT_FOLDER, private=False)
        make_folder(directory / _ASIDE_FOLDER, private=True)
        state = load_state(directory) or AuthorityState(settings.region)
        _check_run(state, settings, now_s)
        _show(directory, state, now_s)
        repeated = _accept(state, uploads, now_s)
        batch = _take_batch(state, settings, now_s=now_s, entropy=entropy)
        signers = ensure_signers(directory, state.region, now_s=now_s)
        files = _write_aside(directory, batch, settings, signers=signers)
        _forget(state, now_s)
        state.files += files
        state.end_s = max([state.end_s, *(file.end_s for file in files)])
        save_state(directory, state)
        _show(directory, state, now_s)
    return PublishReport(
        files=tuple(file.name for file in files),
        keys=batch.real,
        revised=len(batch.revised.key),
        padding=len(batch.keys.key) - batch.real,
        held_back=len(state.waiting),
        repeated=repeated,
        index=directory / EXPORT_FOLDER / INDEX_NAME,
    )


def _check_run(state: AuthorityState, settings: PublishSettings, now_s: int) -> None:
    if state.region != settings.region:
        raise PolicyError(
            f"This directory publishes for {state.region}, not {settings.region}.",
            "Use one data directory for each region.",
        )
    if state.end_s > now_s + INTERVAL_S:
        raise PolicyError(
            "The clock is behind the end of the last batch.",
            "Set the clock of this machine, then run the command again. If it is "
            "right, that of the last run was not: docs/howto/publish.md tells how to "
            "recover.",
        )


def _accept(state: AuthorityState, uploads: Sequence[KeyFile], now_s: int) -> int:
    """Take all files or none; return how many keys were there already."""
    repeated = 0
    for place, upload in enumerate(uploads, 1):
        try:
            repeated += _accept_file(state, upload, now_s)
        except InvalidUploadError as error:
            message = f"Key file {place} of {len(uploads)}: {error}"
            raise InvalidUploadError(message, error.hint) from error
    return repeated


def _accept_file(state: AuthorityState, upload: KeyFile, now_s: int) -> int:
    if upload.region not in (None, state.region):
        raise InvalidUploadError(
            f"it is for {upload.region}, this directory for {state.region}.",
            "Publish it from the data directory of its region.",
        )
    check_upload(upload.keys, now_s=now_s)
    return sum(
        not accept_key(state, key, number)
        for number, key in enumerate(upload.keys, 1)
        # Only a revoked key may be that old; every device has forgotten it.
        if not is_stale(key.end_interval, now_s)
    )


def _take_batch(
    state: AuthorityState,
    settings: PublishSettings,
    *,
    now_s: int,
    entropy: Callable[[int], bytes],
) -> _Batch:
    """Move what may go out from the waiting keys into a batch."""
    # Whole intervals do not tell at which second somebody was published; a second
    # batch in one interval still ends later than the first.
    end_s = max(now_s // INTERVAL_S * INTERVAL_S, state.end_s + 1)
    released = {
        digest: waiting
        for digest, waiting in state.waiting.items()
        if is_released(waiting, end_s)
    }
    for digest in released:
        del state.waiting[digest]
    fresh = key_columns([w.upload for w in released.values() if not w.revised])
    return _Batch(
        keys=pad_keys(fresh, settings.minimum, entropy),
        revised=key_columns([w.upload for w in released.values() if w.revised]),
        real=len(fresh.key),
        start_s=state.end_s or end_s - DAY_S,
        end_s=end_s,
    )


def _write_aside(
    directory: Path,
    batch: _Batch,
    settings: PublishSettings,
    *,
    signers: Sequence[Signer],
) -> list[PublishedFile]:
    """Write the files of a batch where nobody looks; throw away older attempts."""
    folder = directory / _ASIDE_FOLDER
    for leftover in folder.iterdir():
        leftover.unlink()
    return [
        _write_file(folder, content, number, signers)
        for number, content in enumerate(_contents(batch, settings), 1)
    ]


def _contents(batch: _Batch, settings: PublishSettings) -> tuple[ExportContent, ...]:
    if not len(batch.keys.key) + len(batch.revised.key):
        return ()
    content = ExportContent(
        region=settings.region,
        start_s=batch.start_s,
        end_s=batch.end_s,
        keys=batch.keys,
        revised=batch.revised,
    )
    return split_content(content, settings.max_keys)


def _write_file(
    folder: Path, content: ExportContent, number: int, signers: Sequence[Signer]
) -> PublishedFile:
    data = io.BytesIO()
    write_export(data, content, signers)
    name = f"{content.start_s}-{content.end_s}-{number:05d}.zip"
    write_whole(folder / name, data.getvalue(), mode=IMMUTABLE_MODE)
    return PublishedFile(name, content.end_s)


def _show(directory: Path, state: AuthorityState, now_s: int) -> None:
    """Make the published folder what the state says; the index comes last."""
    folder = directory / EXPORT_FOLDER
    for file in state.files:
        aside = directory / _ASIDE_FOLDER / file.name
        if aside.exists():
            move_whole(aside, folder / file.name)
    live = [file.name for file in state.files if not _is_expired(file, now_s)]
    index = encode_index(live)
    path = folder / INDEX_NAME
    if not path.exists() or path.read_bytes() != index:
        write_whole(path, index, mode=PUBLIC_MODE)
    for file in state.files:
        if _is_expired(file, now_s):
            (folder / file.name).unlink(missing_ok=True)


def _forget(state: AuthorityState, now_s: int) -> None:
    """Drop what retention ends: keys that nobody can hand in again, shown files."""
    state.files = [file for file in state.files if not _is_expired(file, now_s)]
    state.known = {
        digest: key
        for digest, key in state.known.items()
        if digest in state.waiting
        or not is_stale(key.start_interval + key.period, now_s)
    }


def _is_expired(file: PublishedFile, now_s: int) -> bool:
    return file.end_s + RETENTION_S <= now_s
