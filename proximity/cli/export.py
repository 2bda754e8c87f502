"""`proximity export`: inspect, verify and build signed exports."""

import contextlib
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.protocol.diagnosis_key import NO_ONSET, DiagnosisKeys, ReportType
from proximity.protocol.export import (
    DEFAULT_MAX_BYTES,
    Export,
    SignedExport,
    begins_as_body,
    copy_export,
    open_export,
    open_unsigned,
)
from proximity.protocol.export_message import SignatureInfo
from proximity.protocol.export_request import (
    MAX_REQUEST_BYTES,
    ExportRequest,
    parse_ens_request,
    parse_own_request,
)
from proximity.protocol.export_writer import write_export
from proximity.protocol.signature import (
    MAX_PEM_BYTES,
    Signer,
    VerificationKey,
    is_strict_der,
    load_public_key,
    load_signing_key,
)
from proximity.units import INTERVALS_PER_DAY, iso_day

# What a summary names one by one; hostile files could name millions.
MAX_SUMMARY_VALUES = 40
# 9999-12-31; the field can hold starts far beyond it.
_LAST_DAY = 2_932_896

app = typer.Typer(
    help="Inspect, verify and build signed exports.", no_args_is_help=True
)

InputFile = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True)
]


class KeyListForm(StrEnum):
    """The forms of KEYS.json that `build` reads."""

    OWN = "own"
    ENS = "ens"


@app.command()
def inspect(
    file: InputFile,
    *,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Also summarise the keys, although nobody vouches for them.",
        ),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show what an export says of itself, without believing it."""
    with _reading("FILE"):
        copy = copy_export(file)
    is_raw = begins_as_body(copy)
    signed = None if is_raw else open_export(copy)
    export = open_unsigned(copy) if signed is None else signed.unverified()
    report = {
        "verified": False,
        "container": "raw" if is_raw else "zip",
        "entries": _entry_fields(signed),
        **_export_fields(export),
        "signature_infos": [_info_fields(info) for info in export.signature_infos],
        "signatures": _signature_fields(signed),
        "summary": _summaries(export) if unverified else None,
    }
    if as_json:
        emit_json("proximity/export-inspect/v1", report)
    else:
        say("not verified: whoever made this file may have written anything")
        _say_fields(report)


@app.command()
def verify(
    file: InputFile,
    *,
    public_key: Annotated[
        Path,
        typer.Option(
            metavar="PEM",
            exists=True,
            dir_okay=False,
            help="Public key on P-256 that is believed.",
        ),
    ],
    key_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Accept only signatures of this key ID."),
    ] = None,
    key_version: Annotated[
        str | None,
        typer.Option(metavar="V", help="Accept only signatures of this key version."),
    ] = None,
    max_bytes: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Bound on the inflated export.bin."),
    ] = DEFAULT_MAX_BYTES,
    as_json: JsonFlag = False,
) -> None:
    """Check the signature of an export, then that every key in it is sound."""
    pem = _read(public_key, MAX_PEM_BYTES, "--public-key")
    key = VerificationKey(load_public_key(pem), key_id, key_version)
    with _reading("FILE"):
        copy = copy_export(file, max_bytes=max_bytes)
    export = open_export(copy, max_bytes=max_bytes).verify([key])
    for _ in export.key_blocks():
        pass
    signer = _info_fields(export.signer) if export.signer else None
    report = {"verified": True, **_export_fields(export), "signer": signer}
    if as_json:
        emit_json("proximity/export-verify/v1", report)
    else:
        say("verified: the signature holds")
        _say_fields(report)


@app.command()
def build(
    keys: Annotated[
        Path,
        typer.Argument(metavar="KEYS.json", exists=True, dir_okay=False, readable=True),
    ],
    *,
    signing_key: Annotated[
        Path,
        typer.Option(
            metavar="PEM",
            exists=True,
            dir_okay=False,
            help="Private key on P-256 to sign with.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="Export to write.")
    ],
    form: Annotated[
        KeyListForm, typer.Option("--format", help="Form of KEYS.json.")
    ] = KeyListForm.OWN,
    as_json: JsonFlag = False,
) -> None:
    """Build a signed export from a list of keys."""
    # What is no plain file, such as a pipe or a device, would be replaced by one.
    if not output.parent.is_dir() or (output.exists() and not output.is_file()):
        raise typer.BadParameter("is not a file in an existing folder", param_hint="-o")
    data = _read(keys, MAX_REQUEST_BYTES, "KEYS.json")
    request = (
        parse_own_request(data, int(time.time()))
        if form is KeyListForm.OWN
        else parse_ens_request(data)
    )
    signer = Signer(
        load_signing_key(_read(signing_key, MAX_PEM_BYTES, "--signing-key")),
        request.key_id,
        request.key_version,
    )
    export = _write_checked(output, request, signer)
    report = {
        "file": str(output),
        "format": form.value,
        **_export_fields(export),
        "signer": _info_fields(signer.info),
    }
    if as_json:
        emit_json("proximity/export-build/v1", report)
    else:
        say(f"built {output}")
        _say_fields(report)


@contextlib.contextmanager
def _reading(parameter: str) -> Iterator[None]:
    """Turn a failure of the system into wrong usage of a parameter."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(
            f"cannot be read: {error.strerror}", param_hint=parameter
        ) from error


def _read(path: Path, max_bytes: int, parameter: str) -> bytes:
    """Read one byte more than is accepted, so that the excess is noticed."""
    with _reading(parameter), path.open("rb") as stream:
        return stream.read(max_bytes + 1)


def _write_checked(path: Path, request: ExportRequest, signer: Signer) -> Export:
    """Write an export so that nobody finds half of it; read it back before that."""
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            write_export(stream, request.content, [signer])
        own_key = VerificationKey(signer.private_key.public_key())
        export = open_export(unfinished).verify([own_key])
        unfinished.replace(path)
    except OSError as error:
        raise typer.BadParameter(
            f"cannot be written: {error.strerror}", param_hint="-o"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()
    return export


def _export_fields(export: Export) -> dict[str, Any]:
    return {
        "region": export.region,
        "start": export.start_s,
        "end": export.end_s,
        "batch_num": export.batch_num,
        "batch_size": export.batch_size,
        "keys": export.key_count,
        "revised_keys": export.revised_count,
        "sha256": export.digest,
    }


def _info_fields(info: SignatureInfo) -> dict[str, Any]:
    return {
        "key_id": info.key_id,
        "key_version": info.key_version,
        "algorithm": info.algorithm,
    }


def _entry_fields(signed: SignedExport | None) -> list[dict[str, Any]]:
    entries = signed.entries.values() if signed else ()
    return [
        {"name": e.name, "bytes": e.size, "compressed_bytes": e.compressed_size}
        for e in entries
    ]


def _signature_fields(signed: SignedExport | None) -> list[dict[str, Any]]:
    signatures = signed.signatures if signed else ()
    return [
        {
            **_info_fields(entry.info),
            "batch_num": entry.batch_num,
            "batch_size": entry.batch_size,
            "bytes": len(entry.signature),
            "der": is_strict_der(entry.signature),
        }
        for entry in signatures
    ]


def _summaries(export: Export) -> dict[str, Any]:
    lists = export.read()
    return {"keys": _summary(lists.keys), "revised_keys": _summary(lists.revised)}


def _summary(keys: DiagnosisKeys) -> dict[str, dict[str, int]]:
    """Count the values of each column but the key itself."""
    first_days = keys.start_interval // INTERVALS_PER_DAY
    onsets = keys.days_since_onset
    return {
        "days": _counts(first_days, _day_name),
        "periods": _counts(keys.period, str),
        "report_types": _counts(keys.report_type, lambda n: ReportType(n).name),
        "days_since_onset": _counts(
            onsets, lambda n: "none" if n == NO_ONSET else str(n)
        ),
        "transmission_risks": _counts(keys.transmission_risk, str),
    }


def _counts(column: NDArray[Any], name: Callable[[int], str]) -> dict[str, int]:
    """Count values, ascending; the rarest beyond a bound are counted as "other"."""
    values, counts = np.unique(column, return_counts=True)
    common = np.sort(np.argsort(-counts, kind="stable")[:MAX_SUMMARY_VALUES])
    named = {name(int(values[i])): int(counts[i]) for i in common}
    other = len(column) - sum(named.values())
    return {**named, "other": other} if other else named


def _day_name(day: int) -> str:
    return iso_day(day) if day <= _LAST_DAY else "after 9999"


def _say_fields(fields: dict[str, Any], indent: str = "") -> None:
    """Write fields one a line; those of a field that has fields below it."""
    for name, value in fields.items():
        items = value if isinstance(value, list) else [value]
        for item in items:
            if isinstance(item, dict):
                say(f"{indent}{name}")
                _say_fields(item, indent + "  ")
            elif item is not None:
                say(f"{indent}{name:<18} {'-' if item == '' else item}")
