"""Hostile signals, from a folder on the disk to the default's answers."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from proximity.cli.main import load_app
from proximity.research.datasets.catalogue import load, parse_source
from proximity.research.evaluation.people import View, people_questions
from proximity.research.evaluation.questions import Unit, batches
from proximity.research.evaluation.scorer import Knowledge
from proximity.research.evaluation.scorers import find

CREATE = """CREATE TABLE results(receiver_id, receiver_model, transmitter_id,
    transmitter_model, timestamp, rssi, tx_power, ground_truth_distance)"""
# Two at each of four tables, four metres apart.
PHONES = range(8)
LIAR = 7
BEGIN_MS = 1_600_000_000_000
TX_POWER_DBM = -15


def rows_of_an_evening():
    """Return what eight phones heard of each other, every six seconds."""
    chance = np.random.default_rng(5)
    rows = []
    for receiver in PHONES:
        for sender in PHONES:
            if receiver == sender:
                continue
            near = receiver // 2 == sender // 2
            mean = -65 if near else -82
            for second in range(0, 1800, 6):
                rssi = round(mean + chance.normal(0, 5))
                t_ms = BEGIN_MS + 1000 * second + 100 * receiver + sender
                distance = 1.0 if near else 4.0
                link = receiver, f"model {receiver}", sender, f"model {sender}"
                rows.append((*link, t_ms, rssi, TX_POWER_DBM, distance))
    return rows


@pytest.fixture
def chances(tmp_path):
    """Return each pair's probability, by its phones, for rows of a table."""

    def answer(rows):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        with closing(sqlite3.connect(folder / "hall.sqlite")) as connection:
            connection.execute(CREATE)
            marks = ", ".join("?" * 8)
            connection.executemany(f"INSERT INTO results VALUES ({marks})", rows)  # noqa: S608 - question marks
            connection.commit()
        (campaign,) = load(parse_source(f"dp3t:{folder}"))
        (questions,) = (
            each
            for each in people_questions(campaign, View(Knowledge.SIGNAL))
            if each.unit is Unit.PAIR and each.self_calibrated
        )
        found = {}
        for cases in batches(questions.plans):
            asks = [(case, ask) for case in cases for ask in case.asks]
            given = find("default").answer(cases).probability
            assert np.all(np.isfinite(given))
            for (case, ask), chance in zip(asks, given, strict=True):
                names = (case.devices[ask.a].name, case.devices[ask.b].name)
                found[tuple(sorted(names))] = float(chance)
        return found

    return answer


@pytest.fixture
def honest(chances):
    return chances(rows_of_an_evening())


def changed(rows, **columns):
    names = ("", "", "", "", "t_ms", "rssi", "tx_power", "")
    return [
        tuple(
            columns[name](i, row) if name in columns else value
            for name, value in zip(names, row, strict=True)
        )
        for i, row in enumerate(rows)
    ]


def furthest(found, honest):
    assert found.keys() == honest.keys()
    return max(abs(found[pair] - honest[pair]) for pair in honest)


def test_packets_doubled_within_a_millisecond_change_nothing(chances, honest):
    rows = rows_of_an_evening()
    twice = rows + changed(rows, t_ms=lambda _, row: row[4] + 1)

    assert chances(twice) == honest


def test_rows_in_any_order_change_nothing(chances, honest):
    rows = rows_of_an_evening()
    np.random.default_rng(1).shuffle(rows)

    assert chances([tuple(row) for row in rows]) == honest


@pytest.mark.parametrize("junk", [0, 127, -5, -121, -700, None])
def test_an_rssi_that_no_radio_measures_moves_no_answer_far(chances, honest, junk):
    rows = changed(
        rows_of_an_evening(), rssi=lambda i, row: junk if i % 3 == 0 else row[5]
    )

    assert furthest(chances(rows), honest) < 0.05


@pytest.mark.parametrize("power", [20, -50, 0, 127, None])
def test_a_sender_that_lies_about_its_power_changes_no_verdict_on_others(
    chances, honest, power
):
    rows = changed(
        rows_of_an_evening(),
        tx_power=lambda _, row: power if row[2] == LIAR else row[6],
    )

    name = f"device {LIAR}"
    assert any(name in pair for pair in honest)
    found = chances(rows)

    others = [pair for pair in honest if name not in pair]
    assert len(others) == 21
    assert [found[p] >= 0.5 for p in others] == [honest[p] >= 0.5 for p in others]


def test_a_clock_that_is_set_back_moves_no_answer_far(chances, honest):
    rows = changed(
        rows_of_an_evening(),
        t_ms=lambda _, row: row[4] - (600_000 if row[4] > BEGIN_MS + 900_000 else 0),
    )

    assert furthest(chances(rows), honest) < 0.2


def window(day, key, attenuation_db, *, steps_s=300):
    """Return half an hour near one key, as `match` writes it."""
    began_s = 1_614_556_800 + day * 86_400
    return {
        "day": f"2021-03-{day + 1:02d}",
        "key_index": key,
        "report_type": "CONFIRMED_TEST",
        "infectiousness": "HIGH",
        "calibration_confidence": "HIGH",
        "scans": [
            {
                "t_s": began_s + i * steps_s,
                "min_attenuation_db": attenuation_db,
                "typical_attenuation_db": attenuation_db,
                "seconds_since_last_scan": steps_s,
            }
            for i in range(6)
        ],
    }


HONEST = [window(0, 0, 55), window(1, 1, 70), window(2, 2, 75)]


@pytest.fixture
def percents(tmp_path):
    """Return what `score` makes of each day, percent."""

    def score(windows, *more):
        path = tmp_path / "windows.json"
        path.write_text(json.dumps({"windows": windows}))
        arguments = ["score", "--windows", str(path), "--json", *more]
        result = CliRunner().invoke(load_app(), arguments)
        assert result.exit_code == 0, result.output
        return {day["day"]: day["value"] for day in json.loads(result.stdout)["days"]}

    return score


@pytest.mark.parametrize("attenuation_db", [0, 20, 120, 255])
def test_a_window_of_a_lying_sender_moves_other_days_hardly(percents, attenuation_db):
    honest = percents(HONEST)

    found = percents([*HONEST, window(3, 3, attenuation_db)])

    assert max(abs(found[day] - honest[day]) for day in honest) < 10


def test_scans_that_go_back_in_time_are_those_that_go_forward(percents):
    back = [{**each, "scans": each["scans"][::-1]} for each in HONEST]

    assert percents(back) == pytest.approx(percents(HONEST))


@pytest.mark.parametrize("steps_s", [0, -300])
def test_scans_that_stand_for_no_time_are_no_minutes(percents, steps_s):
    assert percents([window(0, 0, 40, steps_s=steps_s)]) == {"2021-03-01": 0}


def test_windows_without_scans_and_no_windows_are_no_alert(percents):
    assert percents([], "--explain") == {}
    assert percents([{**window(0, 0, 40), "scans": []}], "--explain") == {
        "2021-03-01": 0
    }
