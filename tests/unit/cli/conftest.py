"""What commands that speak to an authority share: one on loopback, by script."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from proximity.store.own_keys import add_key
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

TODAY = 18_400  # 2020-05-18
SEALING = SealingKey(bytes(32))


@pytest.fixture
def scripted_server() -> Iterator[http.server.HTTPServer]:
    """Run an authority; `answers` is by path, `asked` what was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            running.asked.append((self.path, json.loads(body)))
            status, document = running.answers[self.path]
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    running = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    running.asked, running.answers = [], {}
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def home_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[ModuleType], Path]:
    """Return a maker of a device's folder for a command.

    It has the keys of yesterday and today; it is 10:00.
    """

    def make(command: ModuleType) -> Path:
        connection = open_store(tmp_path / "store.sqlite")
        for day in (TODAY - 1, TODAY):
            add_key(connection, SEALING, b"\xab" * 16, day * 144)
        connection.close()
        monkeypatch.setattr(time, "time", lambda: TODAY * 86_400 + 36_000.5)
        monkeypatch.setattr(
            command,
            "open_home",
            lambda home: (open_store(home / "store.sqlite"), SEALING),
        )
        return tmp_path

    return make
