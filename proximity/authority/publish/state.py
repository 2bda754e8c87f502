"""The state file: what is waiting, what was accepted, what is published."""

import json
from pathlib import Path
from typing import Any

from proximity.authority.publish.durable_files import PRIVATE_MODE, write_whole
from proximity.authority.publish.model import (
    AuthorityState,
    KnownKey,
    PublishedFile,
    WaitingKey,
    key_digest,
)
from proximity.errors import SchemaVersionError, StoreError
from proximity.protocol.diagnosis_key import ReportType
from proximity.protocol.key_file import UploadedKey

STATE_VERSION = 1
STATE_FILE = "state.json"


def load_state(directory: Path) -> AuthorityState | None:
    """Read the state of a data directory.

    Parameters
    ----------
    directory : Path

    Returns
    -------
    AuthorityState | None
        None before the first run.

    Raises
    ------
    SchemaVersionError
        If a newer version of the program wrote it.
    StoreError
        If it cannot be read.
    """
    try:
        data = (directory / STATE_FILE).read_bytes()
    except FileNotFoundError:
        return None
    try:
        document = json.loads(data)
        version = document["version"]
        if version != STATE_VERSION:
            raise _unknown_version(version)
        return _decode(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            "The state of the authority's directory is damaged.",
            f"Restore {STATE_FILE} from a backup. Without it keys could be published "
            "twice, so nothing is published.",
        ) from error


def save_state(directory: Path, state: AuthorityState) -> None:
    """Write the state, durably and as a whole, readable for its owner alone."""
    data = json.dumps(_encode(state), separators=(",", ":")).encode()
    write_whole(directory / STATE_FILE, data, mode=PRIVATE_MODE)


def _encode(state: AuthorityState) -> dict[str, Any]:
    return {
        "version": STATE_VERSION,
        "region": state.region,
        "end": state.end_s,
        "waiting": [_encode_waiting(waiting) for waiting in state.waiting.values()],
        "known": [[digest, *known] for digest, known in state.known.items()],
        "files": [[file.name, file.end_s] for file in state.files],
    }


def _encode_waiting(waiting: WaitingKey) -> list[Any]:
    key = waiting.upload
    return [
        key.key.hex(),
        key.start_interval,
        key.period,
        int(key.report_type),
        key.days_since_onset,
        key.transmission_risk,
        waiting.revised,
    ]


def _decode(document: dict[str, Any]) -> AuthorityState:
    waiting = [_decode_waiting(*row) for row in document["waiting"]]
    return AuthorityState(
        region=document["region"],
        waiting={key_digest(item.upload.key): item for item in waiting},
        known={
            digest: KnownKey(start, period, ReportType(report_type))
            for digest, start, period, report_type in document["known"]
        },
        files=[PublishedFile(name, end_s) for name, end_s in document["files"]],
        end_s=document["end"],
    )


def _decode_waiting(key: str, *row: Any) -> WaitingKey:
    start, period, report_type, onset, risk, revised = row
    upload = UploadedKey(
        key=bytes.fromhex(key),
        start_interval=start,
        period=period,
        report_type=ReportType(report_type),
        days_since_onset=onset,
        transmission_risk=risk,
    )
    return WaitingKey(upload, revised)


def _unknown_version(version: Any) -> SchemaVersionError:
    return SchemaVersionError(
        f"The authority's directory has state version {version!r}; this program "
        f"knows {STATE_VERSION}.",
        "Use the version of the program that wrote it, or a newer one.",
    )
