"""The service as a process; that it serves is shown in tests/integration."""

import re
import socket

import pytest
import uvicorn

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


def test_an_address_of_ipv6_is_told_as_a_url_has_it(make_authority, monkeypatch):
    told = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    monkeypatch.setattr(run, "start_log", lambda: None)
    monkeypatch.setattr(run.signal, "signal", lambda *_: None)
    serve(make_authority(host="::1"), 0, told.append)

    assert re.fullmatch(r"http://\[::1\]:[0-9]+", told[0])
