import json
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.cli.main import load_app
from proximity.errors import FormatError
from proximity.protocol import bluezone, bluezone_ios, gaen
from proximity.protocol.carrier import Carrier, DeploymentProfile, encode_carrier
from proximity.protocol.profile_file import profile_members

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/schemas/audit-v1.json").read_text(
        "utf-8"
    )
)
ADDRESS = "c0:ff:ee:00:00:01"
HEARD = [
    (1_000, gaen.encode_advertisement(b"1" * 16, bytes(4))),
    (4_000, gaen.encode_advertisement(b"2" * 16, bytes(4))),
    (5_000, bluezone.encode_advertisement(b"z" * 12)),
    (6_000, bluezone_ios.encode_overflow()),
    (7_000, bluezone_ios.encode_beacon()),
    (8_000, b"\x05\x16"),
]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "heard.jsonl"
    lines = [{"scan": [0, 9_000]}] + [
        {"t_ms": t_ms, "rssi_dbm": -60, "address": ADDRESS, "data": data.hex()}
        for t_ms, data in HEARD
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def run(*arguments: object):
    return CliRunner().invoke(load_app(), ["audit", *map(str, arguments)])


def test_what_breaks_the_rule_is_counted(recording):
    document = json.loads(run(recording, "--json").stdout)

    jsonschema.validate(document, SCHEMA)
    assert document["receptions"] == 6
    assert document["schemes"]["gaen"]["breaking_pairs"] == 2
    assert document["schemes"]["gaen"]["longest_followed_s"] == 3.0
    assert document["schemes"]["bluezone"]["breaking_pairs"] == 0


def test_bluezone_on_air_is_told_apart(recording):
    kinds = json.loads(run(recording, "--json").stdout)["kinds"]

    assert kinds == {
        "gaen": 2,
        "bluezone": 1,
        "ios-service": 0,
        "ios-overflow": 1,
        "ibeacon": 1,
        "unknown": 0,
        "malformed": 1,
    }


def test_people_read_a_verdict_for_each_scheme_that_was_heard(recording):
    result = run(recording)

    assert result.exit_code == 0
    assert "gaen: linkable" in result.stdout
    assert "bluezone: one to one" in result.stdout


def test_an_empty_recording_says_so(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_bytes(b"")
    result = run(path)

    assert result.exit_code == 0
    assert "0 advertisements in 0 scans" in result.stdout
    assert "no ID was heard" in result.stdout


def test_a_silence_is_told_from_a_recording_that_holds_nothing(tmp_path):
    path = tmp_path / "silence.jsonl"
    path.write_text('{"scan": [0, 4000]}\n')

    assert "0 advertisements in 1 scans" in run(path).stdout


def test_the_ids_of_a_deployment_are_found_under_its_numbers(tmp_path):
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    numbers = tmp_path / "profile.json"
    numbers.write_text(json.dumps(profile_members(profile)))
    path = tmp_path / "heard.jsonl"
    lines = [
        {
            "t_ms": n,
            "rssi_dbm": -60,
            "address": ADDRESS,
            "data": encode_carrier(bytes([n]) * 20, carrier, profile).hex(),
        }
        for n, carrier in enumerate(Carrier)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    ours = json.loads(run(path, "--json").stdout)
    theirs = json.loads(run(path, "--profile", numbers, "--json").stdout)

    assert ours["kinds"]["gaen"] == ours["schemes"]["gaen"]["ids"] == 0
    assert theirs["kinds"]["gaen"] == theirs["schemes"]["gaen"]["ids"] == 3
    assert theirs["schemes"]["gaen"]["breaking_pairs"] == 3


def test_neither_address_nor_id_is_named(recording):
    output = run(recording).output + run(recording, "--json").output

    assert "c0:ff" not in output
    assert "c0ff" not in output
    assert (b"1" * 16).hex() not in output


def test_a_file_that_is_no_recording_is_a_named_error(tmp_path):
    path = tmp_path / "other"
    path.write_bytes(b"no recording\n")

    assert isinstance(run(path).exception, FormatError)


def test_a_missing_file_is_wrong_usage(tmp_path):
    assert run(tmp_path / "none").exit_code == 2
