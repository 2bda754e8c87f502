"""A static server on loopback, such as any host of a published directory is."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

_STOPS_WITHIN_S = 0.05


class _SilentHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    # The parameter has the name that the library gives it.
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: whoever fetches is nobody's business."""


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of the loopback interface.

    Parameters
    ----------
    folder : Path
        May be filled while it is served.

    Yields
    ------
    str
        The address, ending in "/".
    """
    handler = partial(_SilentHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(
        target=server.serve_forever, args=(_STOPS_WITHIN_S,), daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
