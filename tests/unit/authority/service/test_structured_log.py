"""The log: JSON lines of fields that are allowed."""

import io
import json
import logging

import pytest

from proximity.authority.service.structured_log import log_event, start_log


@pytest.fixture
def log():
    """Return the stream that everything is logged to, for one test."""
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    start_log(stream)
    yield stream
    root.handlers, level = before
    root.setLevel(level)


def test_an_event_is_one_json_object(log):
    log_event("request", path="/healthz", status=200, ms=1.5)

    line = json.loads(log.getvalue())
    assert (line["event"], line["path"], line["status"]) == ("request", "/healthz", 200)
    assert line["level"] == "info"
    assert line["t"] > 0


def test_a_field_that_is_not_allowed_is_a_mistake(log):
    with pytest.raises(ValueError, match="may be logged"):
        log_event("request", code="12345678")

    assert log.getvalue() == ""


def test_of_others_only_who_speaks_is_told(log):
    try:
        raise RuntimeError("the secret 12345678")
    except RuntimeError:
        logging.getLogger("library").exception("value %s", "12345678")

    line = json.loads(log.getvalue())
    assert (line["event"], line["error"]) == ("log library", "RuntimeError")
    assert "12345678" not in log.getvalue()
