"""The convention of every command: one JSON object, named errors, exit codes."""

import json
import math
import sys
from typing import Annotated, Any

import typer

from proximity.errors import ProximityError

JsonFlag = Annotated[
    bool, typer.Option("--json", help="Write one JSON object to standard output.")
]


def emit_json(schema: str, payload: dict[str, Any]) -> None:
    """Write one JSON object, its schema name first; what is not finite is null.

    Parameters
    ----------
    schema : str
        For example "proximity/ids/v1"; described in docs/reference/schemas/.
    payload : dict
        JSON values; non-finite floats become null.
    """
    document = {"schema": schema, **_finite(payload)}
    json.dump(document, sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Write one line for people to standard output."""
    sys.stdout.write(f"{text}\n")


def report_error(error: ProximityError, *, as_json: bool) -> None:
    """Write a named error and its hint to standard error."""
    if as_json:
        name = type(error).__name__
        document = {"error": name, "message": str(error), "hint": error.hint}
        sys.stderr.write(json.dumps(document, ensure_ascii=False) + "\n")
        return
    sys.stderr.write(f"proximity: error: {error}\nhint: {error.hint}\n")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
