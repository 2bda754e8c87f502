"""Runs the service as a process: listens, says where, ends on a signal."""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import TextIO

import uvicorn

from proximity.authority.assembly import Authority
from proximity.authority.database import check_schema
from proximity.authority.demo.door import DemoDoor
from proximity.authority.service.app import ServiceApp
from proximity.authority.service.connections import BoundedConnection
from proximity.authority.service.open_files import most_connections, raise_file_limit
from proximity.authority.service.structured_log import log_event, start_log
from proximity.errors import NetworkError

_GRACE_S = 20
# A request makes some hundred small tuples that die young and are in no cycle; at the
# default of 700 the collector would look for cycles at every third one.
_COLLECT_AFTER = 50_000


def serve(
    authority: Authority,
    port: int,
    tell: Callable[[str], None],
    *,
    door: DemoDoor | None = None,
    log: TextIO | None = None,
) -> None:
    """Serve until the process is asked to end; then finish what was begun.

    Parameters
    ----------
    authority : Authority
    port : int
        0 for a free one.
    tell : callable str -> None
        Is told the address as soon as connections are taken.
    door : DemoDoor | None
        Of a demonstration, into its console.
    log : TextIO | None
        Where the log goes; None for standard error.

    Raises
    ------
    SchemaVersionError
        If the database needs a migration first.
    StoreError
        If the secrets cannot be read or made.
    NetworkError
        If the address is taken.
    """
    check_schema(authority.engine)
    # Secrets that are due or, after an update of the program, missing.
    authority.keyring.rotate()
    start_log(log or sys.stderr)
    config = uvicorn.Config(
        ServiceApp(authority, os.environ, door=door),
        # The application answers a body that is late; a connection ends after that.
        http=BoundedConnection.within(
            2 * authority.settings.request_timeout_s,
            most_connections(raise_file_limit()),
        ),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        forwarded_allow_ips=authority.settings.trusted_proxies,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = uvicorn.Server(config)

    def end(_number: int, _frame: object) -> None:
        server.should_exit = True

    # From before anybody learns the address, and until all is done: the server raises
    # the signal that ended it once more, and a service that ended well is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    listener = _listen(authority.settings.host, port)
    with listener:
        host, bound = listener.getsockname()[:2]
        log_event("start", pid=os.getpid())
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        tell(f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}")
        server.run(sockets=[listener])
    log_event("end", pid=os.getpid())


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        raise NetworkError(
            f"The service cannot listen: {error.strerror}.",
            "Choose another --port or `host`, or end what uses this one.",
        ) from error
