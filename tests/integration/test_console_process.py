"""The console of the commands as they are: `authority init --admin`, `serve`."""

import http.client
import json
import os
import re
import sqlite3
import subprocess
import urllib.parse
from contextlib import closing
from pathlib import Path

import pyotp
from conftest import COMMAND

EMAIL, PASSWORD = "ana@example.org", "a sentence that nobody says"


class Door:
    """One browser without scripts, over HTTP."""

    def __init__(self, host: str, port: int) -> None:
        self.address = host, port
        self.cookies: dict[str, str] = {}
        self.page = ""

    def ask(self, path: str, fields: dict[str, str] | None = None) -> str:
        """Return where an address leads, "" for a page."""
        headers = {"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())}
        headers["Host"] = f"localhost:{self.address[1]}"
        body = None
        if fields is not None:
            token = re.search(r'name="csrf" value="(\w+)"', self.page)
            assert token is not None
            body = urllib.parse.urlencode(fields | {"csrf": token[1]})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        connection.request("POST" if body else "GET", path, body, headers)
        response = connection.getresponse()
        self.page = response.read().decode()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        connection.close()
        return response.getheader("location") or ""


def test_the_first_administrator_gets_in_and_the_log_names_nobody(tmp_path: Path):
    data, password_file = tmp_path / "authority", tmp_path / "password"
    password_file.write_text(PASSWORD + "\n")
    place = ["--data", str(data)]
    named = ["--admin", EMAIL, "--password-file", str(password_file)]
    subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, "authority", "init", *place, *named],
        check=True,
        capture_output=True,
        timeout=60,
    )
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "authority", "serve", *place],
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ,
        )
        assert server.stdout is not None
        url = urllib.parse.urlsplit(json.loads(server.stdout.readline())["url"])
        try:
            secret = set_up(Door(url.hostname or "", url.port or 0))
        finally:
            server.terminate()
            server.wait(30)
            server.stdout.close()

    with closing(sqlite3.connect(data / "authority.sqlite")) as database:
        deeds = [fields for (fields,) in database.execute("SELECT fields FROM audit")]
    assert [each for each in deeds if "session.begin" in each]
    said = (tmp_path / "log").read_text()
    assert '"path":"/console"' in said
    for text in (EMAIL, PASSWORD, secret, "127.0.0.1"):
        assert text not in said


def set_up(door: Door) -> str:
    """Sign in for the first time; return the secret of the authenticator app."""
    door.ask("/console/sign-in")
    knock = {"email": EMAIL, "password": PASSWORD, "code": ""}
    assert door.ask("/console/sign-in", knock) == "/console/set-up"
    door.ask("/console/set-up")
    found = re.search(r'name="secret" value="(\w+)"', door.page)
    assert found is not None
    fields = {"secret": found[1], "code": pyotp.TOTP(found[1]).now()}
    assert door.ask("/console/set-up/code", fields) == "/console/today"
    assert door.ask("/console/today") == ""
    assert EMAIL in door.page
    return found[1]
