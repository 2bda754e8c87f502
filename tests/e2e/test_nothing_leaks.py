"""A whole demonstration says nothing of the keys, IDs and addresses it ran on."""

import base64
import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import NamedTuple

import numpy as np
import pytest

from proximity.cli.main import load_app
from proximity.client.engine import Engine
from proximity.protocol.gaen import derive_ephemeral_ids
from proximity.protocol.sighting import Sighting
from proximity.units import INTERVALS_PER_DAY, day_of

# One run of the command for both files that look at it.
pytestmark = pytest.mark.xdist_group("demo_run")
PEOPLE = 8
# 20:00-22:00 UTC.
EVENING = slice(120, 132)


class Secrets(NamedTuple):
    """What one run drew and sent."""

    keys: set[bytes]
    sealing_keys: set[bytes]
    ids: set[bytes]
    addresses: set[bytes]


class Spoken(NamedTuple):
    """Everything that one run wrote for somebody to read."""

    output: str
    log: str
    page: str


class DrawnBytes(np.random.Generator):
    """A generator that remembers the bytes it gave."""

    def __init__(self, seed: int) -> None:
        super().__init__(np.random.PCG64(seed))
        self.drawn: list[bytes] = []

    def bytes(self, length: int) -> bytes:
        self.drawn.append(super().bytes(length))
        return self.drawn[-1]


def forms_of(secret: bytes) -> Iterator[str]:
    """Yield the ways in which a program may write bytes, in lower case."""
    yield secret.hex()
    yield secret.hex(":")
    yield secret.hex(" ")
    yield secret[::-1].hex(":")
    yield base64.b64encode(secret).decode().rstrip("=").lower()
    yield base64.urlsafe_b64encode(secret).decode().rstrip("=").lower()
    yield repr(secret)[2:-1].lower()
    yield ", ".join(map(str, secret))
    yield secret.decode("latin-1").lower()
    yield str(int.from_bytes(secret, "big"))


def leaks(secrets: Secrets, text: str) -> list[str]:
    """Return what kinds of secrets a text tells, one entry for each of them."""
    lower = text.lower()
    return [
        kind
        for kind, values in secrets._asdict().items()
        for secret in values
        if any(form in lower for form in forms_of(secret))
    ]


class EveryRecord(logging.Handler):
    """Collects what is logged, at any level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {self.format(record)} {record.args}")


@contextmanager
def logged() -> Iterator[list[str]]:
    handler, root = EveryRecord(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.fixture(scope="module")
def run(demo_run, tmp_path_factory) -> tuple[Secrets, Spoken]:
    """Repeat the run of the command inside this process, spied on and fully logged."""
    generator, heard, output = DrawnBytes(seed=0), [], io.StringIO()
    page = tmp_path_factory.mktemp("leaks") / "page.html"
    hear = Engine.hear

    def listen(engine: Engine, sighting: Sighting) -> None:
        heard.append(sighting)
        hear(engine, sighting)

    with pytest.MonkeyPatch.context() as patch, logged() as log:
        patch.setattr(np.random, "default_rng", lambda seed: generator)
        patch.setattr(Engine, "hear", listen)
        patch.setattr(time, "time", lambda: demo_run.started_s)
        logging.getLogger("proximity").debug("the demonstration begins")
        with redirect_stdout(output), redirect_stderr(output):
            load_app()(["demo", "--page", str(page)], standalone_mode=False)
    secrets = Secrets(
        keys={given for given in generator.drawn if len(given) == 16},
        sealing_keys={given for given in generator.drawn if len(given) == 32},
        ids={sighting.ephemeral_id for sighting in heard},
        addresses={sighting.address for sighting in heard},
    )
    return secrets, Spoken(output.getvalue(), "\n".join(log), page.read_text("utf-8"))


def test_the_spy_knows_the_secrets_of_the_run(run, demo_run):
    secrets, _ = run
    start = (day_of(demo_run.started_s) - 1) * INTERVALS_PER_DAY
    sent = {
        each.tobytes()
        for key in secrets.keys
        for each in derive_ephemeral_ids(key, start)[EVENING]
    }

    assert len(secrets.keys) == len(secrets.sealing_keys) == PEOPLE
    assert secrets.ids <= sent
    assert len(secrets.ids) == len(secrets.addresses) > 4 * PEOPLE


def test_the_spy_sees_a_secret_in_any_of_its_forms(run):
    secrets, _ = run
    for kind, values in secrets._asdict().items():
        secret = min(values)
        for form in (*forms_of(secret), secret.hex().upper(), str(list(secret))):
            assert kind in leaks(secrets, f"so {form} it was")


def test_a_run_says_something(run):
    _, spoken = run

    assert "is told, on this phone only" in spoken.output
    assert "the demonstration begins" in spoken.log
    assert "</html>" in spoken.page


@pytest.mark.parametrize("part", Spoken._fields)
def test_no_secret_is_in_what_a_run_says(run, part):
    secrets, spoken = run

    assert leaks(secrets, getattr(spoken, part)) == []


def test_the_command_made_the_same_page_from_the_same_secrets(run, demo_run):
    _, spoken = run

    assert demo_run.page.read_text("utf-8") == spoken.page


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_no_secret_is_in_what_the_command_says(run, demo_run, stream):
    secrets, _ = run

    assert leaks(secrets, getattr(demo_run, stream)) == []
