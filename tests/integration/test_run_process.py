"""`proximity run` as a process of its own, on a controller behind a socket."""

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.tcp_server import open_tcp_server_transport_with_socket

# Whoever runs the tests may have these ignored, which a child inherits.
MAIN = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from proximity.cli.main import main
main()
"""
# The target of two seconds, twice, on a machine that is busy with other tests.
FIRST_WITHIN_S = 4.0


class Watched(Controller):
    """A controller that notes each time it is told to send, or to stop."""

    def __init__(self, source: object, sink: object) -> None:
        super().__init__("C", host_source=source, host_sink=sink, link=LocalLink())
        self.enabled: asyncio.Queue[bool] = asyncio.Queue()

    def on_hci_le_set_advertising_enable_command(self, command):
        self.enabled.put_nowait(bool(command.advertising_enable))
        return super().on_hci_le_set_advertising_enable_command(command)

    def on_hci_le_set_extended_advertising_enable_command(self, command):
        self.enabled.put_nowait(bool(command.enable))
        return super().on_hci_le_set_extended_advertising_enable_command(command)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_is_on_air_soon_and_silent_when_it_is_ended(
    tmp_path: Path, ending: signal.Signals
):
    async def live() -> tuple[float, int, list[bool], bytes]:
        listening = socket.create_server(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        transport = await open_tcp_server_transport_with_socket(listening)
        async with transport, transport.server:
            controller = Watched(transport.source, transport.sink)
            start_s = time.perf_counter()
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", MAIN, "run", "--home", str(tmp_path / "home")),
                *("--backend", f"tcp-client:{address}", "--language", "en"),
                stderr=asyncio.subprocess.PIPE,
                env=os.environ
                | {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
            )
            try:
                async with asyncio.timeout(30):
                    while not await controller.enabled.get():
                        pass
                    first_s = time.perf_counter() - start_s
                    process.send_signal(ending)
                    _, notes = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
            told = []
            while not controller.enabled.empty():
                told.append(controller.enabled.get_nowait())
            return first_s, process.returncode, told, notes

    first_s, code, told, notes = asyncio.run(live())

    assert first_s <= FIRST_WITHIN_S
    assert code == 0
    assert told[-1:] == [False]
    assert b"Traceback" not in notes
