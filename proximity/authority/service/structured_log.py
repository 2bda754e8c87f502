"""The log of the service: one JSON object a line, of fields that are allowed.

What a request holds is never logged: no key, ID, code, token, number or address. A
field that is not listed here is a mistake of the program.
"""

import json
import logging
import sys
from typing import Any, TextIO

_FIELDS = {
    "event",
    "path",
    "status",
    "ms",
    "error",
    "batches",
    "keys",
    "held_back",
    "made",
    "pid",
}
_LOGGER = logging.getLogger("proximity.authority")


class _Lines(logging.Formatter):
    """Writes a record as JSON; of foreign records only who speaks, and how loud."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None) or {"event": f"log {record.name}"}
        if record.exc_info and record.exc_info[0]:
            # The message of an exception may quote what was sent.
            fields = fields | {"error": record.exc_info[0].__name__}
        line = {"t": round(record.created, 3), "level": record.levelname.lower()}
        return json.dumps(line | fields)


def start_log(stream: TextIO = sys.stderr) -> None:
    """Send everything that this process logs to a stream, as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    _LOGGER.setLevel(logging.INFO)


def log_event(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log one event.

    Parameters
    ----------
    event : str
        What happened, a constant of the program.
    level : int
    **fields
        Of the list above.

    Raises
    ------
    ValueError
        If a field is not on the list.
    """
    unknown = set(fields) - _FIELDS
    if unknown:
        raise ValueError("a field is not one that may be logged")
    _LOGGER.log(level, event, extra={"fields": {"event": event} | fields})
