import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from typer.testing import CliRunner

from proximity.cli import match as match_command
from proximity.cli.main import load_app
from proximity.errors import BadSignatureError, FormatError, TooLargeError
from proximity.protocol import export_body
from proximity.protocol.carrier import Carrier, DeploymentProfile, encode_carrier
from proximity.protocol.diagnosis_key import (
    DiagnosisKeys,
    ReportType,
    concatenate_keys,
)
from proximity.protocol.export_writer import ExportContent, export_bytes
from proximity.protocol.gaen import (
    CalibrationConfidence,
    derive_ephemeral_ids,
    encode_advertisement,
    encode_metadata,
    encrypt_metadata,
)
from proximity.protocol.profile_file import profile_members
from proximity.protocol.recording import read_recording
from proximity.protocol.recording_blocks import write_blocks
from proximity.protocol.scheme import recognise
from proximity.protocol.signature import Signer

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/schemas/match-v1.json").read_text(
        "utf-8"
    )
)
DAY = 20_000
START = DAY * 144
MIDNIGHT_S = DAY * 86_400
EVENING_S = MIDNIGHT_S + 20 * 3_600
PUBLISHED_S = MIDNIGHT_S + 86_400 + 7_800
KEY = bytes(range(16))
PRIVATE_KEY = ec.derive_private_key(20_201_204, ec.SECP256R1())


def keys(*secrets, report_type=ReportType.CONFIRMED_TEST):
    n = len(secrets)
    return DiagnosisKeys(
        key=np.frombuffer(b"".join(secrets), np.uint8).reshape(n, 16),
        start_interval=np.full(n, START, np.int64),
        period=np.full(n, 144, np.int64),
        report_type=np.full(n, report_type, np.uint8),
        days_since_onset=np.full(n, 4, np.int16),
        transmission_risk=np.full(n, 6, np.uint8),
    )


def recording_lines():
    """Two scans of four seconds at 20:00 and 20:05, two sightings in each."""
    ids = derive_ephemeral_ids(KEY, START)
    metadata = encode_metadata(-10, CalibrationConfidence.HIGH)
    for start_s in (EVENING_S, EVENING_S + 300):
        yield {"scan": [start_s * 1_000, start_s * 1_000 + 4_000]}
        ephemeral_id = ids[start_s // 600 - START].tobytes()
        sealed = encrypt_metadata(KEY, ephemeral_id, metadata)
        for second, rssi_dbm in ((1, -60), (2, -63)):
            yield {
                "t_ms": (start_s + second) * 1_000,
                "rssi_dbm": rssi_dbm,
                "address": "A1:B2:C3:D4:E5:F6",
                "data": encode_advertisement(ephemeral_id, sealed).hex(),
            }
    yield {"t_ms": EVENING_S * 1_000, "rssi_dbm": -50, "address": None, "data": "0501"}


CONTENT = ExportContent(
    region="VN",
    start_s=MIDNIGHT_S,
    end_s=PUBLISHED_S,
    keys=keys(KEY, b"\xff" * 16),
    revised=keys(),
)


@pytest.fixture
def files(tmp_path):
    """Write a recording, an export and a public key; return their options."""
    write_recording(tmp_path, recording_lines())
    write_export(tmp_path, CONTENT)
    public = PRIVATE_KEY.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "public.pem").write_bytes(public)
    return tmp_path


def write_recording(folder, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "recording").write_text(text)


def write_export(folder, content):
    signer = Signer(PRIVATE_KEY, "452", "v1")
    (folder / "export.zip").write_bytes(export_bytes(content, [signer]))


def run(files, *arguments):
    options = ("recording", "export", "public-key")
    names = ("recording", "export.zip", "public.pem")
    given = [
        part
        for option, name in zip(options, names, strict=True)
        for part in (f"--{option}", str(files / name))
    ]
    return CliRunner().invoke(load_app(), ["match", *given, *arguments])


def document(files):
    result = run(files, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_json_output_is_as_the_schema_says(files):
    found = document(files)

    jsonschema.validate(found, SCHEMA)
    assert next(iter(found)) == "schema"


def test_windows_tell_what_was_heard_of_the_key(files):
    # tx -10: attenuations 50 and 53, mean 51.5 -> 52.
    found = document(files)
    scan = {"min_attenuation_db": 50, "typical_attenuation_db": 52}

    assert found["windows"] == [
        {
            "day": "2024-10-04",
            "key_index": 0,
            "report_type": "CONFIRMED_TEST",
            "infectiousness": "STANDARD",
            "calibration_confidence": "HIGH",
            "transmission_risk": 6,
            "tx_power_dbm": -10,
            "scans": [
                {"t_s": EVENING_S, **scan, "seconds_since_last_scan": 120},
                {"t_s": EVENING_S + 300, **scan, "seconds_since_last_scan": 300},
            ],
            "series": [
                [EVENING_S + 1, -60],
                [EVENING_S + 2, -63],
                [EVENING_S + 301, -60],
                [EVENING_S + 302, -63],
            ],
        }
    ]
    assert set(found["refused"].values()) == {0}
    assert found["skipped"] == {"malformed": 1, "unknown": 0, "other_scheme": 0}


def test_the_compressed_form_gives_the_same(files):
    expected = document(files)
    recording = read_recording(files / "recording")
    with (files / "recording").open("wb") as stream:
        write_blocks(stream, recording.receptions, recording.scans)

    assert document(files) == expected


def test_a_key_that_the_same_export_takes_back_gives_no_window(files):
    revised = keys(KEY, report_type=ReportType.REVOKED)
    write_export(files, replace(CONTENT, revised=revised))
    found = document(files)

    assert found["windows"] == []
    assert found["refused"]["revoked"] == 1


def test_sightings_after_the_publication_are_told_apart_from_the_future(files):
    lines = list(recording_lines())
    late = lines[1] | {"t_ms": (PUBLISHED_S + 60) * 1_000}
    write_recording(files, [*lines, late])
    refused = document(files)["refused"]

    assert (refused["after_publication"], refused["in_the_future"]) == (1, 0)


def test_a_clock_set_back_after_the_publication_is_noticed(files):
    # Whoever has read the export sets the clock back to the evening before.
    before, after = (
        {"scan": [t_s * 1_000, t_s * 1_000 + 4_000]}
        for t_s in (PUBLISHED_S + 3_600, PUBLISHED_S + 7_200)
    )
    write_recording(files, [before, *recording_lines(), after])
    found = document(files)

    assert found["windows"] == []
    assert found["refused"]["clock_rolled_back"] == 4


def test_a_clock_that_ran_ahead_and_was_put_right_taints_nothing(files):
    ahead_ms = (PUBLISHED_S + 86_400) * 1_000
    lines = [{"scan": [ahead_ms, ahead_ms + 4_000]}, *recording_lines()]
    write_recording(files, lines)

    assert len(document(files)["windows"]) == 1


def test_a_key_in_both_lists_counts_as_revised_at_its_place_among_the_keys(files):
    first = keys(b"\x00" * 16, KEY, report_type=ReportType.SELF_REPORT)
    revised = keys(b"\x01" * 16, KEY, report_type=ReportType.CONFIRMED_TEST)
    write_export(files, replace(CONTENT, keys=first, revised=revised))
    (window,) = document(files)["windows"]

    place = sorted([b"\x00" * 16, KEY]).index(KEY)
    assert (window["report_type"], window["key_index"]) == ("CONFIRMED_TEST", place)


def test_a_key_that_was_published_before_and_is_revised_gives_windows(files):
    revised = keys(KEY, report_type=ReportType.CONFIRMED_CLINICAL_DIAGNOSIS)
    write_export(files, replace(CONTENT, keys=keys(b"\xff" * 16), revised=revised))
    (window,) = document(files)["windows"]

    assert window["report_type"] == "CONFIRMED_CLINICAL_DIAGNOSIS"
    # The first after the one key of the list.
    assert window["key_index"] == 1


def test_keys_still_in_use_at_the_end_of_the_export_are_refused(files):
    write_export(files, replace(CONTENT, end_s=MIDNIGHT_S + 86_400 + 7_199))
    found = document(files)

    assert found["windows"] == []
    assert found["refused"]["still_valid"] == 2


def test_keys_of_before_the_recording_are_told_apart(files):
    late = keys(KEY)._replace(start_interval=np.array([START - 288]))
    write_export(files, replace(CONTENT, keys=late))

    assert document(files)["refused"]["beyond_retention"] == 1


def test_text_output_is_a_table(files):
    result = run(files)

    assert result.exit_code == 0
    assert "2024-10-04" in result.stdout
    assert "20:00:00" in result.stdout
    assert "confirmed" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    assert "skipped: 1 advertisements, malformed" in result.stderr


def test_text_output_says_what_was_refused(files):
    write_export(files, replace(CONTENT, end_s=MIDNIGHT_S))
    result = run(files)

    assert result.stdout.strip() == "no exposure window"
    assert "not counted: 2 keys still in use when published" in result.stderr


def test_an_export_signed_by_another_key_is_not_matched(files):
    other = ec.derive_private_key(7, ec.SECP256R1())
    data = export_bytes(CONTENT, [Signer(other, "452", "v1")])
    (files / "export.zip").write_bytes(data)

    assert isinstance(run(files).exception, BadSignatureError)


def test_a_broken_recording_is_a_named_error(files):
    (files / "recording").write_text("hello\n")

    assert isinstance(run(files).exception, FormatError)


@pytest.mark.parametrize("name", ["recording", "export.zip", "public.pem"])
def test_a_missing_file_is_wrong_usage(files, name):
    (files / name).unlink()
    result = run(files)

    assert result.exit_code == 2
    # The frame around the message breaks a long path anywhere.
    assert name in "".join(
        result.stderr.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", "").split()
    )


def test_output_shows_neither_keys_nor_addresses(files):
    result = run(files, "--json")

    assert KEY.hex() not in result.output
    assert "A1:B2" not in result.output.upper()


def reframed(line, profile):
    """Return a line of a recording as a Windows machine of a deployment sends it."""
    if line.get("address") is None:
        return line
    sent = recognise(bytes.fromhex(line["data"]))
    payload = sent.ephemeral_id + sent.metadata
    data = encode_carrier(payload, Carrier.MANUFACTURER_DATA, profile)
    return line | {"data": data.hex()}


def test_a_recording_is_matched_under_the_numbers_of_its_deployment(files):
    profile = DeploymentProfile(0xFDF0, 0x0ABC, 0xFDF1)
    (files / "profile.json").write_text(json.dumps(profile_members(profile)))
    plain = document(files)["windows"]
    write_recording(files, [reframed(line, profile) for line in recording_lines()])

    theirs = run(files, "--profile", str(files / "profile.json"), "--json")

    assert document(files)["windows"] == []
    assert json.loads(theirs.stdout)["windows"] == plain != []


def test_an_export_of_many_blocks_gives_what_one_block_gives(files, monkeypatch):
    secrets = [bytes([i]) * 16 for i in range(20, 60)]
    changed = keys(bytes([1]) * 16, KEY, *secrets[:5])
    taken_back = keys(*secrets[5:9], report_type=ReportType.REVOKED)
    content = replace(
        CONTENT,
        keys=keys(*secrets, KEY, report_type=ReportType.SELF_REPORT),
        revised=concatenate_keys([changed, taken_back]),
    )
    write_export(files, content)
    expected = document(files)
    monkeypatch.setattr(export_body, "_CHUNK_BYTES", 60)

    (window,) = expected["windows"]
    assert (window["report_type"], window["key_index"]) == ("CONFIRMED_TEST", 0)
    assert expected["refused"]["revoked"] == 4
    assert document(files) == expected


def test_a_file_beyond_the_bound_is_refused_unless_it_is_raised(files):
    assert isinstance(run(files, "--max-bytes", "50").exception, TooLargeError)
    assert run(files, "--max-bytes", "1000000").exit_code == 0


def test_a_terminal_sees_how_far_the_match_is(files, monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(
        match_command,
        "Console",
        lambda **_: Console(file=terminal, force_terminal=True, width=80),
    )
    run(files)

    assert "matching 2 keys" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_a_file_sees_no_progress(files):
    assert "matching" not in run(files).stderr
