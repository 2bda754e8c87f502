import json
import os
import socket
import zipfile
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner

from proximity.cli.main import load_app
from proximity.errors import (
    BadSignatureError,
    FormatError,
    TooLargeError,
    UnknownSignerError,
)

REFERENCE = Path(__file__).parents[3] / "docs/reference"
PRIVATE_KEY = ec.derive_private_key(7, ec.SECP256R1())
KEY_HEX = "00112233445566778899aabbccddeeff"
KEYS = {
    "region": "VN",
    "start": 1_600_000_000,
    "end": 1_600_003_600,
    "key_id": "452",
    "keys": [
        {"key": KEY_HEX, "start_interval": 2_650_000, "report_type": "confirmed_test"},
        {"key": "ff" * 16, "start_interval": 2**31 - 1, "days_since_onset": -2},
    ],
    "revised_keys": [
        {"key": "aa" * 16, "start_interval": 2_650_000, "report_type": "REVOKED"}
    ],
}


def run(*arguments):
    return CliRunner().invoke(load_app(), ["export", *map(str, arguments)])


def document(result, name):
    """Return the one JSON object of a command that went well, checked."""
    assert result.exit_code == 0, result.output
    value = json.loads(result.stdout)
    schema = json.loads((REFERENCE / f"schemas/{name}-v1.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
    assert next(iter(value)) == "schema"
    return value


@pytest.fixture
def folder(tmp_path):
    """A folder with a signing key, its public key, and KEYS.json."""
    (tmp_path / "signing.pem").write_bytes(
        PRIVATE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (tmp_path / "public.pem").write_bytes(
        PRIVATE_KEY.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
    )
    (tmp_path / "KEYS.json").write_text(json.dumps(KEYS))
    return tmp_path


def build(folder, *arguments):
    return run(
        "build",
        folder / "KEYS.json",
        "--signing-key",
        folder / "signing.pem",
        "-o",
        folder / "export.zip",
        *arguments,
    )


def verify(folder, *arguments):
    return run(
        "verify",
        folder / "export.zip",
        "--public-key",
        folder / "public.pem",
        *arguments,
    )


@pytest.fixture
def export(folder):
    assert build(folder).exit_code == 0
    return folder / "export.zip"


def test_build_tells_what_it_built(folder):
    report = document(build(folder, "--json"), "export-build")

    assert report["file"] == str(folder / "export.zip")
    assert (report["format"], report["keys"], report["revised_keys"]) == ("own", 2, 1)
    assert report["signer"]["key_id"] == "452"
    assert report["signer"]["key_version"] == "v1"


def test_what_was_built_verifies(folder, export):
    report = document(verify(folder, "--json"), "export-verify")

    assert report["verified"] is True
    assert (report["keys"], report["revised_keys"]) == (2, 1)
    assert (report["region"], report["start"]) == ("VN", KEYS["start"])


def test_the_named_signer_is_accepted_and_another_is_not(folder, export):
    named = verify(folder, "--key-id", "452", "--key-version", "v1")
    other = verify(folder, "--key-id", "452", "--key-version", "v2")

    assert named.exit_code == 0
    assert isinstance(other.exception, UnknownSignerError)


def test_another_key_does_not_verify(folder, export):
    other = ec.derive_private_key(8, ec.SECP256R1()).public_key()
    (folder / "public.pem").write_bytes(
        other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )

    assert isinstance(verify(folder, "--json").exception, BadSignatureError)


def test_the_bound_on_the_size_is_kept(folder, export):
    assert isinstance(verify(folder, "--max-bytes", "50").exception, TooLargeError)
    assert verify(folder, "--max-bytes", "0").exit_code == 2


def test_verify_says_so_in_words(folder, export):
    assert verify(folder).stdout.startswith("verified: the signature holds\n")


def test_inspect_shows_what_it_does_not_believe(export):
    report = document(run("inspect", export, "--json"), "export-inspect")

    assert report["verified"] is False
    assert report["container"] == "zip"
    assert [entry["name"] for entry in report["entries"]] == [
        "export.bin",
        "export.sig",
    ]
    assert (report["keys"], report["revised_keys"]) == (2, 1)
    assert report["signatures"][0]["der"] is True
    assert report["summary"] is None


def test_inspect_summarises_keys_only_when_asked_to(export):
    report = document(
        run("inspect", export, "--json", "--unverified"), "export-inspect"
    )

    assert report["summary"]["keys"] == {
        "days": {"2020-05-20": 1, "after 9999": 1},
        "periods": {"144": 2},
        "report_types": {"UNKNOWN": 1, "CONFIRMED_TEST": 1},
        "days_since_onset": {"none": 1, "-2": 1},
        "transmission_risks": {"0": 2},
    }
    assert report["summary"]["revised_keys"]["report_types"] == {"REVOKED": 1}


def test_a_summary_of_many_values_is_bounded(folder):
    entries = [{"key": f"{n:032x}", "start_interval": 144 * n} for n in range(50)]
    (folder / "KEYS.json").write_text(json.dumps({"keys": entries}))
    build(folder)

    result = run("inspect", folder / "export.zip", "--json", "--unverified")

    days = document(result, "export-inspect")["summary"]["keys"]["days"]
    assert len(days) == 41
    assert days["other"] == 10


def test_inspect_says_in_words_that_nothing_is_verified(export):
    result = run("inspect", export, "--unverified")

    assert result.stdout.startswith("not verified")
    assert KEY_HEX not in result.stdout


def test_inspect_reads_a_bare_export_bin(folder, export):
    with zipfile.ZipFile(export) as archive:
        archive.extract("export.bin", folder)

    report = document(run("inspect", folder / "export.bin", "--json"), "export-inspect")

    assert report["container"] == "raw"
    assert (report["entries"], report["signatures"]) == ([], [])
    assert report["keys"] == 2


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_an_export_may_come_from_a_pipe(folder, export, command):
    reader, writer = os.pipe()
    os.write(writer, export.read_bytes())
    os.close(writer)
    key = ["--public-key", folder / "public.pem"] if command == "verify" else []

    report = run(command, f"/dev/fd/{reader}", *key, "--json")

    os.close(reader)
    assert document(report, f"export-{command}")["keys"] == 2


@pytest.mark.parametrize("place", ["FILE", "--public-key", "KEYS.json"])
def test_what_the_system_cannot_read_is_wrong_usage(folder, export, place, monkeypatch):
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a-socket")
        names = {"FILE": export, "--public-key": "public.pem", "KEYS.json": "KEYS.json"}
        names[place] = "a-socket"
        result = (
            run("build", names["KEYS.json"], "--signing-key", "signing.pem", "-o", "x")
            if place == "KEYS.json"
            else run("verify", names["FILE"], "--public-key", names["--public-key"])
        )

    assert result.exit_code == 2
    assert place in result.stderr


def test_a_pipe_or_a_device_is_never_replaced_by_an_export(folder):
    os.mkfifo(folder / "pipe")

    assert build(folder, "-o", folder / "pipe").exit_code == 2
    assert (folder / "pipe").is_fifo()


def test_inspect_refuses_what_is_no_export(folder):
    result = run("inspect", folder / "KEYS.json", "--json")

    assert isinstance(result.exception, FormatError)


def test_without_an_end_an_export_ends_now(folder, monkeypatch):
    monkeypatch.setattr("proximity.cli.export.time.time", lambda: 1_700_000_000.9)
    entries = {"keys": KEYS["keys"][:1]}
    (folder / "KEYS.json").write_text(json.dumps(entries))

    report = document(build(folder, "--json"), "export-build")

    assert (report["start"], report["end"]) == (1_590_000_000, 1_700_000_000)


def test_build_reads_the_form_of_the_reference_server(folder):
    key = {"key": KEY_HEX, "rollingStartNumber": 2_650_000}
    (folder / "KEYS.json").write_text(json.dumps({"temporaryExposureKeys": [key]}))

    report = document(build(folder, "--format", "ens", "--json"), "export-build")

    assert (report["format"], report["region"], report["keys"]) == ("ens", "US", 1)


def test_a_failed_build_leaves_nothing_behind(folder):
    (folder / "KEYS.json").write_text('{"keys": [{}]}')

    result = build(folder)

    assert isinstance(result.exception, FormatError)
    assert not list(folder.glob("export*"))


def test_build_replaces_an_older_export_at_once(folder, export):
    export.write_bytes(b"older")

    assert build(folder).exit_code == 0
    assert verify(folder).exit_code == 0
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("missing", ["KEYS.json", "signing.pem"])
def test_a_missing_file_is_wrong_usage(folder, missing):
    (folder / missing).unlink()

    assert build(folder).exit_code == 2


def test_an_output_in_no_folder_is_wrong_usage(folder):
    result = build(folder, "-o", folder / "nowhere" / "export.zip")

    assert result.exit_code == 2


def test_an_output_that_cannot_be_written_is_wrong_usage(folder):
    (folder / "export.zip.part").mkdir()

    assert build(folder).exit_code == 2


def test_a_wrong_kind_of_key_is_refused_by_name(folder, export):
    (folder / "public.pem").write_bytes((folder / "signing.pem").read_bytes())

    assert isinstance(verify(folder).exception, FormatError)


@pytest.mark.parametrize("command", ["inspect", "verify", "build"])
def test_the_reference_names_every_option(command):
    page = (REFERENCE / "commands/export.md").read_text("utf-8")
    help_text = run(command, "--help").stdout
    words = {word.strip("│ ") for word in help_text.split()}
    options = {word for word in words if word.startswith("--")} - {"--help"}

    assert options
    assert {option for option in options if f"`{option}`" not in page} == set()
