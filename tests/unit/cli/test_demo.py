"""`proximity demo`: one object or tables, a page, and an honest exit."""

import json
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from proximity.cli import demo as command
from proximity.cli.main import load_app, main
from proximity.errors import DemonstrationError, FormatError
from proximity.research.demonstration import demonstrate
from proximity.scoring.config import BUILT_IN

REFERENCE = Path(__file__).parents[3] / "docs/reference"
SCHEMA = json.loads((REFERENCE / "schemas/demo-v1.json").read_text("utf-8"))
FAINT = {(0, 1): -95, (1, 0): -95}
EN_DASH = "\N{EN DASH}"


def report_of(*worlds):
    generator = np.random.default_rng(1)
    return demonstrate(worlds, generator, recorded=False, progress=lambda name: None)


@pytest.fixture(scope="module")
def found(make_world):
    """An evening on which Bình is told of An, and Khoa of nobody."""
    return report_of(make_world())


@pytest.fixture(scope="module")
def missed(make_world):
    """An evening of two who were near and whose phones hardly heard each other."""
    return report_of(make_world(FAINT, people=2))


@pytest.fixture(scope="module")
def recorded(make_world):
    """Two recorded scenarios, the contact of the second one missed."""
    scenarios = make_world(name="lunch"), make_world(FAINT, people=2, name="party")
    return replace(report_of(*scenarios), recorded=True)


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """Run the command; a report that is given takes the place of the simulation."""

    def run(*arguments, report=None):
        if report is not None:
            monkeypatch.setattr(command, "demonstrate", lambda *_, **__: report)
        page = ("--page", str(tmp_path / "page.html"))
        return CliRunner().invoke(load_app(), ["demo", *page, *map(str, arguments)])

    return run


def test_an_evening_runs_through_the_line_to_one_object_and_a_page(
    demo, make_world, monkeypatch, tmp_path
):
    monkeypatch.setattr(command, "synthetic_evening", lambda *_: make_world(people=2))
    result = demo("--json")

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert result.exit_code == 0
    assert next(iter(document)) == "schema"
    assert document["page"] == str(tmp_path / "page.html")
    assert "</html>" in (tmp_path / "page.html").read_text("utf-8")


def test_json_has_truth_value_and_alert_of_every_pair(demo, found):
    document = json.loads(demo("--json", report=found).stdout)
    table, *others = document["pairs"]

    assert list(table) == ["a", "b", "scenario", "truth_min", "value", "alert"]
    assert (table["a"], table["b"], table["scenario"]) == ("An", "Bình", "table")
    assert table["truth_min"] == 30.0
    # Thirty minutes at 50 dB, below the first limit of en-v2: each counts 1.75.
    assert table["value"]["en-v2"] == 52.5
    assert table["alert"] == dict.fromkeys(BUILT_IN, True)
    for other in others:
        assert other["truth_min"] == 0.0
        assert other["value"] == dict.fromkeys(BUILT_IN, 0.0)
        assert other["alert"] == dict.fromkeys(BUILT_IN, False)
    assert document["auc"] == dict.fromkeys(BUILT_IN, 1.0)


def test_one_case_leads_what_people_read(demo, found):
    output = demo(report=found).stdout

    assert output.startswith("An becomes a case.")
    assert output.index("An trở thành ca bệnh.") < output.index("Everyone in turn")


def test_people_read_who_is_told_and_what_each_rule_makes_of_every_pair(demo, found):
    output = demo(report=found).stdout

    assert "Bình is told, on this phone only:" in output
    assert "You were near a case for 30 minutes on Tuesday, 10/3/2026." in output
    assert "Bạn đã ở gần một ca bệnh trong 30 phút vào thứ Ba, 10/3/2026." in output
    assert f"An {EN_DASH} Khoa" in output
    assert "52.5*" in output
    assert "3 pairs, 1 within 2 m for 15 min or more" in output
    assert all(rule in output for rule in BUILT_IN)


def test_people_read_where_the_page_is(demo, found, tmp_path):
    assert f"The page: {tmp_path / 'page.html'}\n" in demo(report=found).stdout


def test_the_evening_is_that_of_yesterday(demo, make_world, monkeypatch):
    days = []

    def evening_of(day, generator):
        days.append(day)
        return make_world({}, people=2, binh_at_m=500.0)

    monkeypatch.setattr(command, "synthetic_evening", evening_of)
    monkeypatch.setattr(time, "time", lambda: 20_523 * 86_400 + 10.0)
    demo("--json")

    assert days == [20_522]


def test_the_seed_makes_the_evening(demo, found, monkeypatch):
    drawn = []

    def draw(worlds, generator, **_):
        drawn.append(generator.integers(2**32))
        return found

    monkeypatch.setattr(command, "demonstrate", draw)
    for seed in ((), ("--seed", 0), ("--seed", 7)):
        demo(*seed)

    assert drawn[0] == drawn[1] != drawn[2]


def test_a_missed_contact_is_named_after_the_results(demo, missed):
    result = demo("--json", report=missed)

    assert isinstance(result.exception, DemonstrationError)
    assert "1 true contact(s) were missed by default" in str(result.exception)
    assert json.loads(result.stdout)["pairs"][0]["alert"]["default"] is False


def test_a_missed_contact_exits_with_1(missed, tmp_path, monkeypatch, capsys):
    page = str(tmp_path / "page.html")
    monkeypatch.setattr(command, "demonstrate", lambda *_, **__: missed)
    monkeypatch.setattr("sys.argv", ["proximity", "demo", "--json", "--page", page])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    error = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert error["error"] == "DemonstrationError"


def test_a_rule_without_an_auc_on_recordings_is_named(demo, missed, tmp_path):
    only_contacts = replace(missed, recorded=True)
    result = demo("--recorded", tmp_path, "--json", report=only_contacts)

    document = json.loads(result.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["auc"] == dict.fromkeys(BUILT_IN)
    assert isinstance(result.exception, DemonstrationError)
    assert all(rule in str(result.exception) for rule in BUILT_IN)


def test_an_evening_needs_no_auc(demo, found):
    table_only = replace(found, pairs=found.pairs[:1])
    no_auc = tuple(replace(figures, auc=None) for figures in found.figures[""])
    result = demo("--json", report=replace(table_only, figures={"": no_auc}))

    assert result.exit_code == 0
    assert json.loads(result.stdout)["auc"] == dict.fromkeys(BUILT_IN)


def test_a_contact_missed_on_recordings_is_a_figure_and_no_failure(
    demo, recorded, tmp_path
):
    result = demo("--recorded", tmp_path, "--json", report=recorded)

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [p["scenario"] for p in document["pairs"]] == ["lunch"] * 3 + ["party"]
    assert document["true_positive_rate"]["en-v2"] == 0.5
    assert document["false_positive_rate"]["en-v2"] == 0.0


def test_figures_of_recordings_are_shown_by_scenario_and_pairs_are_not(
    demo, recorded, tmp_path
):
    output = demo("--recorded", tmp_path, report=recorded).stdout

    assert "lunch" in output
    assert "party" in output
    # Hundreds of pairs would not fit; the page has them.
    assert f"An {EN_DASH} Khoa" not in output


def test_recorded_scans_last_210_seconds_or_as_asked(
    demo, recorded, tmp_path, monkeypatch
):
    lengths = []

    def run_all(worlds, generator, **_):
        list(worlds)
        return recorded

    monkeypatch.setattr(command, "demonstrate", run_all)
    monkeypatch.setattr(command, "find_scenarios", lambda directory: [directory])
    monkeypatch.setattr(command, "load_scenario", lambda files: files)
    monkeypatch.setattr(
        command, "recorded_world", lambda _, *, scan_s: lengths.append(scan_s)
    )
    demo("--recorded", tmp_path)
    demo("--recorded", tmp_path, "--scan-seconds", "60")

    assert lengths == [210, 60]


def test_a_folder_without_recordings_is_a_format_error(demo, tmp_path):
    result = demo("--recorded", tmp_path)

    assert isinstance(result.exception, FormatError)
    assert "dp3t_bt_measurements" in result.exception.hint
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--recorded", "/nowhere/at/all"),
        ("--recorded", __file__),
        ("--page", "/"),
        ("--seed", "-1"),
        ("--seed", "x"),
        ("--scan-seconds", "0"),
        ("--scan-seconds", "3601"),
    ],
)
def test_other_values_are_wrong_usage(demo, wrong):
    assert demo(*wrong).exit_code == 2


def test_folders_of_the_page_are_made(demo, found, tmp_path):
    page = tmp_path / "a" / "b" / "page.html"

    assert demo("--page", page, report=found).exit_code == 0
    assert page.exists()


def test_a_page_that_cannot_be_written_is_a_named_error(demo, found, tmp_path):
    (tmp_path / "file").touch()
    result = demo("--page", tmp_path / "file" / "page.html", report=found)

    assert isinstance(result.exception, DemonstrationError)
    assert "--page" in result.exception.hint


def test_every_option_is_described_and_no_other():
    page = (REFERENCE / "commands/demo.md").read_text("utf-8")
    options = typer.main.get_command(load_app()).commands["demo"].params
    rows = {
        line.split("`")[1] for line in page.splitlines() if line.startswith("| `--")
    }

    assert rows == {flag for option in options for flag in option.opts}


def test_every_field_is_described():
    page = (REFERENCE / "commands/demo.md").read_text("utf-8")
    names = {*SCHEMA["properties"], *SCHEMA["properties"]["pairs"]["items"]["required"]}

    assert {name for name in names - {"schema"} if f"`{name}`" not in page} == set()
