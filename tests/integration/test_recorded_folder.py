"""`proximity demo --recorded` on folders that are damaged or hold too little."""

import json
import lzma
import sqlite3
from pathlib import Path

import pytest

from proximity.cli.main import main

COLUMNS = (
    "receiver_id, receiver_model, transmitter_id, transmitter_model,"
    " timestamp, rssi, tx_power, ground_truth_distance"
)
START_MS = 1_587_106_800_000
TIMES = ["2020-04-17 09:00:00.000000", "2020-04-17 09:00:00.200000"]
APART = {"datetime": TIMES, "1": [[0, 0, 0]] * 2, "2": [[1, 0, 0]] * 2}
TABLE = "scenario01-lunch.sqlite.xz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a recording of two phones that hear nothing of each other."""
    (tmp_path / "ground_truth").mkdir()
    write_table(tmp_path, [])
    write_tracks(tmp_path, APART)
    return tmp_path


def write_table(folder: Path, rows: list[tuple[object, ...]]) -> None:
    plain = folder / "plain.sqlite"
    connection = sqlite3.connect(plain)
    connection.execute(f"CREATE TABLE results ({COLUMNS})")
    connection.executemany("INSERT INTO results VALUES (?,?,?,?,?,?,?,?)", rows)
    connection.commit()
    connection.close()
    (folder / TABLE).write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()


def write_tracks(folder: Path, document: object) -> None:
    packed = lzma.compress(json.dumps(document).encode())
    (folder / "ground_truth" / "1_lunch_part1.json.xz").write_bytes(packed)


def error_of_demo(folder: Path, monkeypatch, capsys) -> str:
    """Run the command, which must fail by name, and return the error's name."""
    page = folder / "page.html"
    command = ["demo", "--recorded", str(folder), "--json", "--page", str(page)]
    monkeypatch.setattr("sys.argv", ["proximity", *command])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("{")
    return str(json.loads(error)["error"])


def test_a_recording_in_which_nothing_was_heard_is_a_named_error(
    folder, monkeypatch, capsys
):
    assert error_of_demo(folder, monkeypatch, capsys) == "DemonstrationError"


def test_phones_that_cameras_did_not_follow_are_a_named_error(
    folder, monkeypatch, capsys
):
    write_table(folder, [(8, "", 9, "", START_MS, -60, -20, 1.0)])

    assert error_of_demo(folder, monkeypatch, capsys) == "DemonstrationError"


def test_one_pair_gives_no_auc_and_says_so(folder, monkeypatch, capsys):
    write_table(folder, [(1, "", 2, "", START_MS, -60, -20, 1.0)])

    assert error_of_demo(folder, monkeypatch, capsys) == "DemonstrationError"


@pytest.mark.parametrize("document", [{"datetime": []}, {"datetime": [], "1": []}])
def test_tracks_of_nobody_are_a_format_error(folder, monkeypatch, capsys, document):
    write_tracks(folder, document)

    assert error_of_demo(folder, monkeypatch, capsys) == "FormatError"


def test_a_table_that_is_not_there_any_more_is_a_format_error(
    folder, monkeypatch, capsys
):
    (folder / TABLE).unlink()
    (folder / TABLE).symlink_to(folder / "nowhere")

    assert error_of_demo(folder, monkeypatch, capsys) == "FormatError"


def test_a_page_that_cannot_be_written_stops_before_the_signals_are_read(
    folder, monkeypatch, capsys
):
    (folder / TABLE).write_bytes(b"damaged")
    monkeypatch.chdir(folder)
    (folder / "file").touch()
    command = ["demo", "--recorded", ".", "--page", "file/page.html", "--json"]
    monkeypatch.setattr("sys.argv", ["proximity", *command])

    with pytest.raises(SystemExit):
        main()

    assert json.loads(capsys.readouterr().err)["error"] == "DemonstrationError"
