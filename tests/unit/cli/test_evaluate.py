"""`proximity evaluate` on a small grid."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from proximity.cli.evaluate import FIGURES
from proximity.cli.main import load_app
from proximity.errors import FormatError

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/reference/schemas/evaluate-v1.json").read_text(
        "utf-8"
    )
)


@pytest.fixture
def grid(tmp_path):
    """Two groups of four runs, 5 samples each; the second is 20 dB weaker."""
    folder = tmp_path / "small_grid"
    folder.mkdir()
    segments = ["seg_id,run,group,dist_m"]
    samples = ["seg_id,t_s,rssi_dbm"]
    for number in range(8):
        metres = (0.9, 1.8288, 2.4, 4.572)[number % 4]
        segments.append(f"{number},run{number},group{number // 4},{metres}")
        rssi = (-60, -62, -70, -72)[number % 4] - 20 * (number // 4)
        samples += [f"{number},{second},{rssi}" for second in range(5)]
    (folder / "segments.csv").write_text("\n".join(segments) + "\n")
    (folder / "samples.csv").write_text("\n".join(samples) + "\n")
    return folder


def run(*arguments):
    return CliRunner().invoke(load_app(), ["evaluate", *map(str, arguments)])


def evaluated(grid, *arguments):
    result = run("--dataset", f"segments:{grid}", "--json", *arguments)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    return document


def test_the_object_has_the_shape_of_the_schema(grid):
    document = evaluated(grid, "--scorer", "mean-attenuation", "--scorer", "cwa")

    assert next(iter(document)) == "schema"
    assert [(d["unit"], d["self_calibrated"]) for d in document["datasets"]] == [
        ("run", False),
        ("run", True),
        ("60s", False),
        ("60s", True),
    ]
    first = document["datasets"][0]
    assert (first["name"], first["n"], first["n_positive"]) == ("small_grid", 8, 4)
    assert list(first["scorers"]) == ["mean-attenuation", "cwa"]
    assert list(first["scorers"]["cwa"]) == list(FIGURES)


def test_figures_are_those_of_the_evaluation(grid):
    first = evaluated(grid, "--scorer", "mean-attenuation")["datasets"][0]

    assert first["scorers"]["mean-attenuation"]["auc"] == 0.75
    assert first["scorers"]["mean-attenuation"]["brier"] is None
    assert first["stratified"]["mean-attenuation"]["auc"] == 1
    low, high = first["intervals"]["mean-attenuation"]["auc"]
    assert first["scorers"]["mean-attenuation"]["auc_low"] == low
    assert first["scorers"]["mean-attenuation"]["auc_high"] == high


def test_each_scorer_is_compared_with_the_first(grid):
    arguments = ("--scorer", "packet-count", "--scorer", "mean-attenuation")
    first = evaluated(grid, *arguments)["datasets"][0]

    (comparison,) = first["comparisons"]
    assert comparison["scorer"] == "mean-attenuation"
    assert comparison["reference"] == "packet-count"
    assert comparison["gain"]["auc"] == 0.25


def test_a_fitted_scorer_states_probabilities(grid):
    first = evaluated(grid, "--scorer", "logistic-attenuation")["datasets"][0]

    assert first["scorers"]["logistic-attenuation"]["brier_skill"] is not None


def test_episodes_are_datasets_of_their_own(grid):
    document = evaluated(grid, "--episodes", "3", "--scorer", "centred-attenuation")

    names = {each["name"] for each in document["datasets"]}
    assert {"small_grid/K=1/near=0.1", "small_grid/K=5"} <= names


def test_the_coarse_form_keeps_two_distances(grid):
    assert evaluated(grid, "--coarse")["datasets"][0]["n"] == 4


def test_the_fine_grain_is_told_of_scorers_that_estimate_distances(grid):
    scorers = "--scorer", "mean-attenuation", "--scorer", "default"
    first = evaluated(grid, *scorers)["datasets"][0]

    assert first["fine_grain"]["mean-attenuation"] == {"ndcf": {}, "intervals": {}}
    assert list(first["fine_grain"]["default"]["ndcf"]) == ["1.2", "1.8", "3.0", "mean"]
    text = run("--dataset", f"segments:{grid}", *scorers).stdout
    assert "default, nDCF by limit in metres: 1.2 -, 1.8" in text


def test_a_scorer_that_looks_further_has_two_tables(grid):
    text = run("--dataset", f"segments:{grid}", "--scorer", "default").stdout

    assert "the same" not in text
    assert text.count("run, with self-calibration: 8 items") == 1


def test_the_table_says_what_people_want_to_know(grid):
    result = run("--dataset", f"segments:{grid}")

    assert result.exit_code == 0
    assert "small_grid, run, without self-calibration: 8 items" in result.stdout
    assert "mean-attenuation" in result.stdout
    assert "0.750" in result.stdout
    assert "the same" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--dataset", "nowhere"),
        ("--dataset", "trees:."),
        ("--dataset", "segments:.", "--scorer", "oracle"),
        ("--dataset", "segments:.", "--leave-out", "packet"),
        (),
    ],
)
def test_wrong_usage_is_told_apart(arguments):
    assert run(*arguments).exit_code == 2


def test_phones_cannot_be_left_out_of_a_grid(grid):
    arguments = ("--scorer", "logistic-attenuation", "--leave-out", "phone")

    assert run("--dataset", f"segments:{grid}", *arguments).exit_code == 2


def test_damaged_data_is_a_format_error(grid):
    (grid / "samples.csv").write_text("seg_id,t_s,rssi_dbm\n99,0,-70\n")

    result = run("--dataset", f"segments:{grid}")

    assert isinstance(result.exception, FormatError)


def test_what_cannot_be_fitted_has_no_figures(grid):
    lines = (grid / "segments.csv").read_text().replace("group1", "group0")
    (grid / "segments.csv").write_text(lines)

    first = evaluated(grid, "--scorer", "logistic-attenuation")["datasets"][0]

    assert set(first["scorers"]["logistic-attenuation"].values()) == {None}
    assert first["label_shuffle"] == {"logistic-attenuation": None}


def test_the_plain_installation_is_enough():
    code = (
        "import sys; import proximity.cli.evaluate;"
        "sys.exit(bool({'scipy', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603

    assert done.returncode == 0
