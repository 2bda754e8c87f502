"""Runs the service as a process: listens, says where, ends on a signal."""

import gc
import os
import signal
import socket
from collections.abc import Callable

import uvicorn

from proximity.authority.assembly import Authority
from proximity.authority.database import check_schema
from proximity.authority.service.app import ServiceApp
from proximity.authority.service.structured_log import log_event, start_log
from proximity.errors import NetworkError

_GRACE_S = 20
# A request makes some hundred small tuples that die young and are in no cycle; at the
# default of 700 the collector would look for cycles at every third one.
_COLLECT_AFTER = 50_000


def serve(authority: Authority, port: int, tell: Callable[[str], None]) -> None:
    """Serve until the process is asked to end; then finish what was begun.

    Parameters
    ----------
    authority : Authority
    port : int
        0 for a free one.
    tell : callable str -> None
        Is told the address as soon as connections are taken.

    Raises
    ------
    SchemaVersionError
        If the database needs a migration first.
    NetworkError
        If the address is taken.
    """
    check_schema(authority.engine)
    start_log()
    config = uvicorn.Config(
        ServiceApp(authority, os.environ),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE_S,
        h11_max_incomplete_event_size=32_768,
    )
    # The server raises the signal that ended it once more when all is done; asked to
    # end, a service that ended well is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    listener = _listen(authority.settings.host, port)
    with listener:
        host, bound = listener.getsockname()[:2]
        log_event("start", pid=os.getpid())
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        tell(f"http://{host}:{bound}")
        uvicorn.Server(config).run(sockets=[listener])
    log_event("end", pid=os.getpid())


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=2_048)
    except OSError as error:
        raise NetworkError(
            f"The service cannot listen: {error.strerror}.",
            "Choose another --port, or end what uses this one.",
        ) from error
