"""An authority that really runs: its commands as processes, HTTP on loopback."""

import base64
import hmac
import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

DAY = 20_600
# Noon of a day; yesterday's key is past its embargo.
NOW_S = DAY * 86_400 + 43_200
COMMAND = [sys.executable, "-c", "from proximity.cli.main import main; main()"]


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Key(NamedTuple):
    """A temporary exposure key of a device."""

    key: bytes
    start: int
    period: int = 144
    risk: int = 0

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "key": base64.b64encode(self.key).decode(),
            "rollingStartNumber": self.start,
            "rollingPeriod": self.period,
            "transmissionRisk": self.risk,
        }


def keys_of_days(count: int = 14, *, first: int = 1) -> list[Key]:
    """Return fresh keys of `count` past days, the youngest of yesterday."""
    days = range(DAY - first, DAY - first - count, -1)
    return [Key(secrets.token_bytes(16), day * 144) for day in days]


class Rig:
    """An authority's directory, its commands and its running server.

    `log` holds what its processes wrote, once they ended.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.data = folder / "authority"
        self.environment = os.environ | environment | {"PROXIMITY_NOW": str(NOW_S)}
        # The guest of the kernel loads this file, and no authority.
        from proximity.authority.founding import found_authority  # noqa: PLC0415 - slow

        made = found_authority(self.data, self.environment, test=True)
        self.founded = made._asdict()
        self.server: subprocess.Popen[bytes] | None = None
        self.log_file = folder / "server.log"
        self.address = ("127.0.0.1", 0)
        self.hmac_key = secrets.token_bytes(16)

    def command(self, name: str, *arguments: str, now_s: int = NOW_S) -> dict[str, Any]:
        run = self.run(name, *arguments, now_s=now_s)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def run(
        self, name: str, *arguments: str, now_s: int = NOW_S
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603
            [
                *COMMAND,
                "authority",
                name,
                "--data",
                str(self.data),
                *arguments,
                "--json",
            ],
            capture_output=True,
            text=True,
            check=False,
            env=self.environment | {"PROXIMITY_NOW": str(now_s)},
            timeout=60,
        )

    def start(self, now_s: int = NOW_S) -> None:
        with self.log_file.open("ab") as log:
            self.server = subprocess.Popen(  # noqa: S603
                [*COMMAND, "authority", "serve", "--data", str(self.data)],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment | {"PROXIMITY_NOW": str(now_s)},
            )
        assert self.server.stdout is not None
        url = json.loads(self.server.stdout.readline())["url"]
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname or "", parts.port or 0)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.server is not None
        self.server.send_signal(number)
        status = self.server.wait(timeout=30)
        if self.server.stdout is not None:
            self.server.stdout.close()
        self.server = None
        return status

    def work(self, now_s: int = NOW_S) -> dict[str, Any]:
        return self.command("worker", "--once", now_s=now_s)

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {"Content-Type": "application/json"} | (headers or {})
        if key:
            sent["X-API-Key"] = self.founded[f"{key}_key"]
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            connection.request("GET" if body is None else "POST", path, data, sent)
            response = connection.getresponse()
            read = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, read, found)
        finally:
            connection.close()

    def issue(self, test_type: str = "confirmed", **fields: Any) -> dict[str, Any]:
        order = {"testType": test_type, "symptomDate": iso(DAY - 3)} | fields
        answer = self.ask("/api/issue", order, key="admin")
        assert answer.status == 200, answer.body
        return answer.json

    def token(self, test_type: str = "confirmed") -> str:
        code = self.issue(test_type)["code"]
        accept = ["confirmed", "likely", "negative"]
        answer = self.ask("/api/verify", {"code": code, "accept": accept}, key="device")
        assert answer.status == 200, answer.body
        return answer.json["token"]

    def mac(self, keys: list[Key]) -> str:
        parts = sorted(
            f"{key.fields['key']}.{key.start}.{key.period}.{key.risk}" for key in keys
        )
        digest = hmac.digest(self.hmac_key, ",".join(parts).encode(), "sha256")
        return base64.b64encode(digest).decode()

    def certificate(self, keys: list[Key], test_type: str = "confirmed") -> str:
        body = {"token": self.token(test_type), "ekeyhmac": self.mac(keys)}
        answer = self.ask("/api/certificate", body, key="device")
        assert answer.status == 200, answer.body
        return answer.json["certificate"]

    def request(
        self, keys: list[Key], test_type: str = "confirmed", **fields: Any
    ) -> dict[str, Any]:
        """Return a body for `/v1/publish` whose certificate is good."""
        return {
            "temporaryExposureKeys": [key.fields for key in keys],
            "healthAuthorityID": self.founded["health_authority_id"],
            "verificationPayload": self.certificate(keys, test_type),
            "hmacKey": base64.b64encode(self.hmac_key).decode(),
        } | fields

    def publish(self, body: Any, **headers: str) -> Answer:
        return self.ask("/v1/publish", body, headers=headers)


def iso(day: int) -> str:
    import datetime  # noqa: PLC0415

    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()


@pytest.fixture(scope="module")
def make_rig(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Rig]]:
    """Return a maker of authorities; what still runs at the end is ended."""
    rigs: list[Rig] = []

    def make(*, started: bool = True, **settings: str) -> Rig:
        environment = {
            f"PROXIMITY_AUTHORITY_{name.upper()}": value
            for name, value in settings.items()
        }
        rig = Rig(tmp_path_factory.mktemp("rig"), environment)
        rigs.append(rig)
        if started:
            rig.start()
        return rig

    yield make
    for rig in rigs:
        if rig.server is not None:
            rig.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def rig(make_rig: Callable[..., Rig]) -> Rig:
    """Return a running authority that pads to 20 keys."""
    return make_rig(minimum="20", allow_user_report="true", client_tries="500")


@pytest.fixture(scope="session")
def new_keys() -> Callable[..., list[Key]]:
    """Return a maker of fresh keys of past days."""
    return keys_of_days


@pytest.fixture(scope="session")
def a_day() -> int:
    """Return today's day number."""
    return DAY


@pytest.fixture(scope="session")
def a_time() -> int:
    """Return the second at which rigs start."""
    return NOW_S
