"""`proximity research fit` on a small grid."""

import json
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from proximity.cli.main import load_app
from proximity.errors import EvaluationError, FormatError, MissingExtraError
from proximity.ranging.population import default_parameters, parse_parameters

SCHEMA = json.loads(
    (
        Path(__file__).parents[3] / "docs/reference/schemas/research-fit-v1.json"
    ).read_text("utf-8")
)


@pytest.fixture
def grid(tmp_path):
    """Two groups of four runs of three minutes; 10 dB a doubling of the distance."""
    folder = tmp_path / "small_grid"
    folder.mkdir()
    segments = ["seg_id,run,group,dist_m"]
    samples = ["seg_id,t_s,rssi_dbm"]
    for number in range(8):
        metres = (0.9, 1.8, 2.4, 4.8)[number % 4]
        segments.append(f"{number},run{number},group{number // 4},{metres}")
        rssi = round(-60 - 10 * np.log2(metres)) - 5 * (number // 4)
        samples += [f"{number},{t},{rssi - t % 3}" for t in range(0, 180, 10)]
    (folder / "segments.csv").write_text("\n".join(segments) + "\n")
    (folder / "samples.csv").write_text("\n".join(samples) + "\n")
    return folder


def run(*arguments):
    return CliRunner().invoke(load_app(), ["research", "fit", *map(str, arguments)])


@pytest.fixture
def fitted(grid, tmp_path):
    def fit(*more):
        output = tmp_path / "params.json"
        return output, run("--dataset", f"segments:{grid}", "-o", output, *more)

    return fit


def test_the_object_has_the_shape_of_the_schema(fitted):
    output, result = fitted("--json")
    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)

    assert next(iter(document)) == "schema"
    assert document["parameters"] == str(output)
    assert document["datasets"] == [
        {"name": "small_grid", "collections": 2, "sightings": 144}
    ]
    assert document["digest"] == parse_parameters(output.read_bytes()).digest


def test_what_was_not_recorded_is_kept_and_the_file_says_so(fitted):
    output, _ = fitted("--name", "mine", "--version", 7)
    found = parse_parameters(output.read_bytes())

    assert (found.name, found.version) == ("mine", 7)
    assert found.calibrated == default_parameters().calibrated
    assert found.uncalibrated.slope_db == pytest.approx(33, rel=0.2)
    assert found.provenance["kept"] == ["calibrated of default 1"]


def test_the_same_recordings_give_the_same_bytes(fitted):
    output, _ = fitted()
    first = output.read_bytes()
    output, result = fitted()

    assert output.read_bytes() == first
    assert parse_parameters(first).digest in result.stdout


@pytest.mark.parametrize(
    "more",
    [
        ("--name", ""),
        ("--name", "x" * 65),
        ("--version", 0),
        ("--version", 1 << 31),
    ],
)
def test_what_could_not_be_read_again_is_not_written(fitted, more):
    output, result = fitted(*more)

    assert result.exit_code == 2
    assert not output.exists()


@pytest.mark.parametrize("output", ["missing/params.json", "."])
def test_where_nothing_can_be_written_nothing_is_fitted(grid, tmp_path, output):
    result = run("--dataset", f"segments:{grid}", "-o", tmp_path / output)

    assert result.exit_code == 2
    assert "--output" in result.output


def test_too_little_to_fit_is_a_named_error_and_no_file(grid, tmp_path):
    (grid / "samples.csv").write_text("seg_id,t_s,rssi_dbm\n0,1,-60\n0,2,-61\n")
    result = run("--dataset", f"segments:{grid}", "-o", tmp_path / "params.json")

    assert isinstance(result.exception, EvaluationError)
    assert not (tmp_path / "params.json").exists()


def test_a_damaged_folder_is_a_named_error_and_keeps_what_was_there(grid, fitted):
    (grid / "segments.csv").write_bytes(b"\xff\xfe")
    before = b"written before"
    (grid.parent / "params.json").write_bytes(before)
    output, result = fitted()

    assert isinstance(result.exception, FormatError)
    assert output.read_bytes() == before


def test_a_kind_that_there_is_not_is_wrong_usage(tmp_path):
    assert run("--dataset", "radar:.", "-o", tmp_path / "x").exit_code == 2


def test_without_the_extra_the_hint_says_what_to_install(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    for name in list(sys.modules):
        if name.startswith(("scipy.", "proximity.research.fitting.")):
            monkeypatch.delitem(sys.modules, name)
    output, result = fitted()

    assert isinstance(result.exception, MissingExtraError)
    assert "proximity[research]" in result.exception.hint
    assert not output.exists()
