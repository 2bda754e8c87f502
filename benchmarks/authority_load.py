"""A load for the authority's service: its processes, requests, and who sends them.

The server runs alone on core 0; whoever sends runs on core 1, beside the database.
Every request is made before it is timed, with a certificate for its own fourteen keys.
"""

import base64
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from proximity.authority.assembly import open_authority
from proximity.authority.founding import found_authority
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.signed_token import encode_token
from proximity.authority.verification.claiming import CERTIFICATE_AUDIENCE
from proximity.units import DAY_S, INTERVALS_PER_DAY

COMMAND = [sys.executable, "-c", "from proximity.cli.main import main; main()"]
SERVER_CORE, OTHER_CORE = 0, 1
KEYS = 14
# As performance figures elsewhere have it: fourteen keys in a body of 2.3 kB.
BODY_BYTES = 2_300
CERTIFICATE_LIFE_S = 900
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Upload(NamedTuple):
    """One person's request, and the keys in it."""

    request: bytes
    keys: tuple[bytes, ...]


def found(folder: Path, database_url: str = "") -> Path:
    """Make an authority; return its directory."""
    directory = folder / "authority"
    environment = {"PROXIMITY_AUTHORITY_DATABASE_URL": database_url}
    found_authority(directory, environment if database_url else {})
    return directory


def make_uploads(directory: Path, count: int, port: int) -> list[Upload]:
    """Return requests for `/v1/publish`; they hold for a quarter of an hour."""
    authority = open_authority(directory)
    kid, signing_key = authority.keyring.signing_key(CERTIFICATE)
    issuer = authority.settings.health_authority_id
    authority.engine.dispose()
    now_s = int(time.time())
    # That of yesterday may be held back yet: until two hours after its end.
    ages = range(2, KEYS + 2)
    starts = [(now_s // DAY_S - age) * INTERVALS_PER_DAY for age in ages]
    made = []
    for _ in range(count):
        keys = tuple(os.urandom(16) for _ in starts)
        secret = os.urandom(16)
        texts = [base64.b64encode(key).decode() for key in keys]
        parts = sorted(f"{t}.{s}.144.0" for t, s in zip(texts, starts, strict=True))
        mac = hmac.digest(secret, ",".join(parts).encode(), "sha256")
        claims = {
            "iss": issuer,
            "aud": CERTIFICATE_AUDIENCE,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + CERTIFICATE_LIFE_S,
            "reportType": "confirmed",
            "symptomOnsetInterval": starts[3],
            "tekmac": base64.b64encode(mac).decode(),
        }
        fields = {
            "temporaryExposureKeys": [
                {
                    "key": text,
                    "rollingStartNumber": start,
                    "rollingPeriod": 144,
                    "transmissionRisk": 0,
                }
                for text, start in zip(texts, starts, strict=True)
            ],
            "healthAuthorityID": issuer,
            "verificationPayload": encode_token(claims, signing_key, kid),
            "hmacKey": base64.b64encode(secret).decode(),
        }
        made.append(Upload(post_request(fields, port), keys))
    return made


def post_request(fields: dict[str, Any], port: int, extra: str = "") -> bytes:
    """Return a whole HTTP request, padded to its usual size."""
    missing = BODY_BYTES - len(json.dumps(fields, separators=(",", ":"))) - 13
    padded = fields | {"padding": "A" * max(missing, 0)}
    body = json.dumps(padded, separators=(",", ":")).encode()
    head = (
        f"POST /v1/publish HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{extra}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Server:
    """`proximity authority serve` as a process of its own, on one core.

    Parameters
    ----------
    directory : Path
    port : int
        0 for a free one.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        with (directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *("taskset", "-c", str(SERVER_CORE), *COMMAND),
                    *("authority", "serve", "--data", str(directory)),
                    *("--port", str(port)),
                ],
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        url = json.loads(self.process.stdout.readline())["url"]
        self.port = int(url.rpartition(":")[2])

    def cpu_s(self) -> float:
        """Return the processor time of the process so far, seconds."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS_A_SECOND

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the process."""
        self.process.send_signal(number)
        self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()
