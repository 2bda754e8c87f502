"""What a country of devices costs: a few things measured, the rest computed from them.

Run as `python benchmarks/authority_capacity.py [devices]`; 100,000,000 unless told
otherwise. The server and PostgreSQL run here as for `authority.py`. What is assumed of
the country is printed before what follows from it, with the sums.
"""

import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from authority_load import (
    COMMAND,
    KEYS,
    OTHER_CORE,
    Server,
    make_uploads,
    post_request,
)
from authority_postgres import Postgres
from authority_sender import drive
from sqlalchemy import text

from proximity.authority.assembly import open_authority
from proximity.authority.founding import Founded, found_authority
from proximity.client.schedule import UPDATE_EVERY_S, UPDATE_SPREAD_S
from proximity.units import DAY_S

UPLOADS, OTHERS, CODES = 6_000, 3_000, 200
# A country on a bad day, and what its devices do to look alike.
CASES_A_DAY, CHAFF_A_DEVICE_DAY, PEAK = 100_000, 1.0, 3.0
RETENTION_DAYS, BATCHES_A_DAY = 14, 12
# A busy core answers slowly: no more than half of it is planned with.
LOAD = 0.5
_INDEX = b"GET /exports/index.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Cost(NamedTuple):
    """Of one request: processor times and bytes."""

    server_us: float
    database_us: float
    up: float
    down: float


def cost(server: Server, postgres: Postgres, requests: list[bytes]) -> Cost:
    """Return what requests cost on average."""
    server_s, database_s = server.cpu_s(), postgres.cpu_s()
    answers = drive(server.port, requests, connections=32)
    if any(sent.status != 200 for sent in answers):
        raise SystemExit("a request was refused")
    count = len(requests)
    return Cost(
        1e6 * (server.cpu_s() - server_s) / count,
        1e6 * (postgres.cpu_s() - database_s) / count,
        sum(map(len, requests)) / count,
        sum(sent.size for sent in answers) / count,
    )


def code_cost(server: Server, postgres: Postgres, founded: Founded) -> Cost:
    """Return what a code costs from its issue to its certificate: three requests."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def ask(path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != 200:
            raise SystemExit(f"{path} refused: {answer}")
        return answer

    today = time.strftime("%Y-%m-%d", time.gmtime())
    server_s, database_s = server.cpu_s(), postgres.cpu_s()
    for _ in range(CODES):
        order = {"testType": "confirmed", "symptomDate": today}
        code = ask("/api/issue", founded.admin_key, order)["code"]
        body = {"code": code, "accept": ["confirmed"]}
        token = ask("/api/verify", founded.device_key, body)["token"]
        mac = base64.b64encode(os.urandom(32)).decode()
        ask("/api/certificate", founded.device_key, {"token": token, "ekeyhmac": mac})
    connection.close()
    return Cost(
        1e6 * (server.cpu_s() - server_s) / CODES,
        1e6 * (postgres.cpu_s() - database_s) / CODES,
        0.0,
        0.0,
    )


def publish(directory: Path) -> tuple[float, int]:
    """Let the worker run; return processor seconds and how many keys it published."""
    command = ["authority", "worker", "--data", str(directory), "--once", "--json"]
    before = os.times()
    ran = subprocess.run(
        [*COMMAND, *command],
        check=True,
        stdout=subprocess.PIPE,
    )
    after = os.times()
    seconds = after.children_user + after.children_system
    seconds -= before.children_user + before.children_system
    return seconds, json.loads(ran.stdout)["keys"]


def stored_bytes(directory: Path) -> float:
    """Return what a key takes in the database, with indexes."""
    authority = open_authority(directory)
    with authority.engine.connect() as connection:
        size = connection.scalar(text("SELECT pg_total_relation_size('exposures')"))
        count = connection.scalar(text("SELECT count(*) FROM exposures"))
    authority.engine.dispose()
    return float(size or 0) / float(count or 1)


def measure() -> dict[str, Any]:
    """Measure all that is computed from."""
    postgres = Postgres()
    try:
        with tempfile.TemporaryDirectory() as folder:
            directory = Path(folder) / "authority"
            environment = {
                "PROXIMITY_AUTHORITY_DATABASE_URL": postgres.url,
                "PROXIMITY_AUTHORITY_CLIENT_TRIES": "1000000",
            }
            founded = found_authority(directory, environment)
            server = Server(directory)
            try:
                port = server.port
                uploads = [u.request for u in make_uploads(directory, UPLOADS, port)]
                fields: dict[str, Any] = {"temporaryExposureKeys": [], "padding": ""}
                chaff = post_request(fields, port, "X-Chaff: 1\r\n")
                measured = {
                    "upload": cost(server, postgres, uploads),
                    "chaff": cost(server, postgres, [chaff] * OTHERS),
                    "code": code_cost(server, postgres, founded),
                }
                busy_s, keys = publish(directory)
                idle_s, _ = publish(directory)
                zips = (directory / "exports").glob("*.zip")
                size = sum(file.stat().st_size for file in zips)
                measured["index"] = cost(server, postgres, [_INDEX] * OTHERS)
                names = (directory / "exports" / "index.txt").read_text("ascii")
            finally:
                server.stop()
            line = len(names) / len(names.splitlines())
            measured |= {"idle_s": idle_s, "worker_s": (busy_s - idle_s) / keys}
            measured |= {"key_bytes": size / keys, "line": line}
            return measured | {"row_bytes": stored_bytes(directory)}
    finally:
        postgres.close()


def main() -> None:
    """Measure, compute, print."""
    devices = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    os.sched_setaffinity(0, {OTHER_CORE})
    began = time.strftime("%Y-%m-%d", time.gmtime())
    m = measure()
    print(f"measured ({began}, load {os.getloadavg()[0]:.1f})")
    for name in ("upload", "chaff", "code", "index"):
        c = m[name]
        print(
            f"  {name:<8}{c.server_us:8.0f} us server{c.database_us:8.0f} us database"
            f"{c.up:8.0f} B up{c.down:8.0f} B down"
        )
    print(f"  worker  {m['idle_s']:8.1f} s a run, and a key")
    print(f"          {1e6 * m['worker_s']:8.1f} us worker", end="")
    print(f"{m['key_bytes']:8.1f} B published{m['row_bytes']:8.0f} B stored")
    _compute(
        devices, m, lambda what, value, sum_: print(f"  {what:<34}{value}  {sum_}")
    )


def _compute(
    devices: int, m: dict[str, Any], row: Callable[[str, str, str], None]
) -> None:
    checks = DAY_S / (UPDATE_EVERY_S + UPDATE_SPREAD_S / 2)
    keys = CASES_A_DAY * KEYS
    chaff = devices * CHAFF_A_DEVICE_DAY
    print(
        f"\nassumed: {devices:,} devices, {CASES_A_DAY:,} cases a day with {KEYS} "
        f"keys, {CHAFF_A_DEVICE_DAY:g} chaff upload a device and day,\n"
        f"         a peak {PEAK:g} times the mean, {BATCHES_A_DAY} batches a day; "
        "devices look every "
        f"{UPDATE_EVERY_S / 3600:g} to {(UPDATE_EVERY_S + UPDATE_SPREAD_S) / 3600:g} h"
    )
    print("\nper day")
    index = m["line"] * RETENTION_DAYS * BATCHES_A_DAY
    row("uploads", f"{CASES_A_DAY:>16,}", "= cases")
    row("chaff", f"{chaff:>16,.0f}", "= devices x rate")
    row(
        "looks at the index", f"{devices * checks:>16,.0f}", f"= devices x {checks:.2f}"
    )
    fetched = keys * m["key_bytes"]
    row("new exports a device, MB", f"{fetched / 1e6:>16.1f}", "= keys x B published")
    row("index a device, kB", f"{index * checks / 1e3:>16.1f}", "= lines x B x looks")
    cdn = devices * (fetched + index * checks)
    row("CDN to devices, TB", f"{cdn / 1e12:>16,.0f}", "= devices x both")
    origin = RETENTION_DAYS * keys * m["key_bytes"]
    row("in the published store, GB", f"{origin / 1e9:>16.2f}", "= 14 days of exports")
    row(
        "in the database, GB",
        f"{RETENTION_DAYS * keys * m['row_bytes'] / 1e9:>16.1f}",
        "= 14 days x keys x B stored",
    )
    real_s = CASES_A_DAY * (m["upload"].server_us + m["code"].server_us) / 1e6
    chaff_s = chaff * m["chaff"].server_us / 1e6
    row("server CPU for cases, s", f"{real_s:>16,.0f}", "= cases x (upload + code)")
    row("server CPU for chaff, s", f"{chaff_s:>16,.0f}", "= chaff x us")
    database_s = CASES_A_DAY * (m["upload"].database_us + m["code"].database_us) / 1e6
    row("database CPU for cases, s", f"{database_s:>16,.0f}", "= as the server's")
    worker_s = keys * m["worker_s"] + BATCHES_A_DAY * m["idle_s"]
    row("worker CPU, s", f"{worker_s:>16,.0f}", "= keys x us + batches x start")
    cores = PEAK * (real_s + chaff_s) / DAY_S / LOAD
    row("server cores at the peak", f"{cores:>16.1f}", "= CPU x peak / day / half")
    door = (m["upload"].up + m["upload"].down) * (CASES_A_DAY + chaff)
    row("through the server's doors, GB", f"{door / 1e9:>16,.0f}", "= both ways")
    peak = PEAK * (CASES_A_DAY + chaff) / DAY_S
    row("requests/s at the doors, peak", f"{peak:>16,.0f}", "= x peak / day")


if __name__ == "__main__":
    main()
