"""A report goes through an authority and a static server to another device."""

import contextlib
import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from proximity.authority.publish.model import PublishSettings
from proximity.authority.publish.publisher import publish
from proximity.authority.publish.signing_keys import (
    PUBLIC_KEYS_FILE,
    rotate_signing_keys,
)
from proximity.client.fetch import fetch_exports
from proximity.client.network import HttpNetwork
from proximity.client.report import hand_out, plan_report
from proximity.errors import ReplayedError
from proximity.protocol.export import open_export
from proximity.protocol.index_history import RememberedIndex
from proximity.protocol.key_file import parse_key_file
from proximity.protocol.public_keys import parse_public_keys
from proximity.store.own_keys import add_key, list_keys
from proximity.store.schema import open_store
from proximity.store.sealing import SealingKey

TODAY = 18_400
SETTINGS = PublishSettings(minimum=50)
# A report at ten, publications after the embargo of yesterday's and of today's key.
REPORT_INTERVAL = TODAY * 144 + 60
FIRST_RUN_S = REPORT_INTERVAL * 600
SECOND_RUN_S = FIRST_RUN_S + 7_200


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def static_server(folder: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()


def report_of_two_days(folder: Path) -> Path:
    connection = open_store(folder / "device" / "store.sqlite")
    sealing = SealingKey(bytes(32))
    for day in (TODAY - 1, TODAY):
        add_key(connection, sealing, bytes([day % 251]) * 16, day * 144)
    days = range(TODAY - 1, TODAY + 1)
    plan = plan_report(
        list_keys(connection, sealing), days, now_interval=REPORT_INTERVAL
    )
    output = folder / "KEYS.json"
    hand_out(
        connection,
        sealing,
        plan,
        output,
        onset_day=TODAY - 1,
        entropy=lambda n: b"f" * n,
    )
    connection.close()
    return output


def run(data: Path, now_s: int, *files: Path) -> int:
    uploads = [parse_key_file(file.read_bytes()) for file in files]
    report = publish(data, uploads, SETTINGS, now_s=now_s, entropy=os.urandom)
    return report.keys


def test_two_days_arrive_as_soon_as_each_may_be_published(tmp_path: Path):
    data = tmp_path / "authority"
    file = report_of_two_days(tmp_path)
    assert run(data, FIRST_RUN_S, file) == 1
    pins = [
        pinned.verification_key
        for pinned in parse_public_keys((data / PUBLIC_KEYS_FILE).read_bytes())
    ]
    rotate_signing_keys(data, now_s=FIRST_RUN_S)

    with static_server(data / "exports") as url:
        network = HttpNetwork()
        first = fetch_exports(
            url, RememberedIndex(), network, processed=(), now_s=FIRST_RUN_S
        )
        (export,) = first.exports
        assert export.content is not None

        assert run(data, SECOND_RUN_S, file) == 1
        second = fetch_exports(
            url, first.remembered, network, processed=first.names, now_s=SECOND_RUN_S
        )
        (later,) = second.exports
        assert later.content is not None

    periods = []
    for content in (export.content, later.content):
        path = tmp_path / "fetched.zip"
        path.write_bytes(content)
        # The old pin verifies also what was published after the rotation.
        keys = open_export(path).verify(pins).read().keys
        assert len(keys.key) >= 50
        periods.append(set(keys.period.tolist()))
    assert periods == [{144}, {60}]


def test_an_index_that_was_put_back_is_refused(tmp_path: Path):
    data = tmp_path / "authority"
    file = report_of_two_days(tmp_path)
    run(data, FIRST_RUN_S, file)
    index = data / "exports" / "index.txt"
    older = index.read_bytes()
    run(data, SECOND_RUN_S)

    with static_server(data / "exports") as url:
        result = fetch_exports(
            url, RememberedIndex(), HttpNetwork(), processed=(), now_s=SECOND_RUN_S
        )
        index.write_bytes(older)
        with pytest.raises(ReplayedError):
            fetch_exports(
                url,
                result.remembered,
                HttpNetwork(),
                processed=result.names,
                now_s=SECOND_RUN_S,
            )
