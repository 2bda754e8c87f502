"""The service as a process; that it serves is shown in tests/integration."""

import socket

import pytest

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
