"""The service as a process; that it serves is shown in tests/integration."""

import re
import socket

import pytest
import uvicorn

from proximity.authority.keyring import PHONE
from proximity.authority.service import run
from proximity.authority.service.run import serve
from proximity.errors import NetworkError, SchemaVersionError


def test_an_address_that_is_taken_is_named(authority):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match="cannot listen"):
            serve(authority, port, pytest.fail)


def test_an_old_schema_is_not_served(authority):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    with pytest.raises(SchemaVersionError):
        serve(authority, 0, pytest.fail)


@pytest.fixture
def unserved(monkeypatch):
    """Let a service end as soon as it has begun, without a trace in this process."""
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    monkeypatch.setattr(run, "start_log", lambda _: None)
    monkeypatch.setattr(run, "raise_file_limit", lambda: 1_024)
    monkeypatch.setattr(run.signal, "signal", lambda *_: None)


def test_an_address_of_ipv6_is_told_as_a_url_has_it(make_authority, unserved):
    told = []
    serve(make_authority(host="::1"), 0, told.append)

    assert re.fullmatch(r"http://\[::1\]:[0-9]+", told[0])


def test_a_secret_that_an_earlier_program_did_not_have_is_made(authority, unserved):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM secrets WHERE kind = 'phone'")
    serve(authority, 0, lambda _: None)

    assert authority.keyring.current(PHONE)
