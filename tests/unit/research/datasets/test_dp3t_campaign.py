"""Experiments of DP-3T's repository in all their shapes."""

import lzma

import numpy as np
import pytest

from proximity.errors import FormatError
from proximity.research.datasets.dp3t_campaign import load_dp3t

T_MS = 1_587_103_007_400


@pytest.fixture
def write(write_table, tmp_path):
    """Write a packed table, and leave nothing else behind."""

    def make(*args, **kwargs):
        table = write_table(*args, **kwargs)
        (tmp_path / "plain.sqlite").unlink()
        return table

    return make


def stating(*rows):
    """Return the SQL of a table of (receiver, model, transmitter, model)."""
    selects = [
        f"SELECT {a} AS receiver_id, '{m}' AS receiver_model, {b} AS transmitter_id,"
        f" '{n}' AS transmitter_model, {T_MS + i} AS timestamp, -70 AS rssi,"
        " -20 AS tx_power, NULL AS ground_truth_distance"
        for i, (a, m, b, n) in enumerate(rows)
    ]
    return f"CREATE TABLE results AS {' UNION ALL '.join(selects)}"


def row(receiver=1, sender=2, t=T_MS, *, power=-20, metres=1.5):
    return (receiver, sender, t, -70, power, metres)


def test_an_experiment_is_a_dataset_of_people(write, tmp_path):
    write([row()])

    (dataset,) = load_dp3t(tmp_path)

    assert dataset.people
    assert dataset.name == tmp_path.name
    (lunch,) = dataset.collections
    assert [device.name for device in lunch.devices] == ["1", "2"]
    assert lunch.distance_m.tolist() == [1.5]
    assert lunch.calibrated_power


def test_a_parent_holds_an_experiment_in_each_folder(write, tmp_path):
    for name in ("exp31", "exp32", "figures"):
        (tmp_path / name).mkdir()
    for name in ("exp31", "exp32"):
        table = write([row()])
        table.rename(tmp_path / name / table.name)

    assert [each.name for each in load_dp3t(tmp_path)] == ["exp31", "exp32"]


@pytest.mark.parametrize("seconds", [True, False])
def test_times_are_told_by_their_magnitude(write, tmp_path, seconds):
    write([row(t=T_MS / 1_000 if seconds else T_MS)])

    (dataset,) = load_dp3t(tmp_path)

    assert dataset.collections[0].sightings.t_ms.tolist() == [T_MS]


def test_a_power_of_zero_is_not_known(write, tmp_path):
    write([row(power=0), row(t=T_MS + 50)])

    heard = load_dp3t(tmp_path)[0].collections[0].sightings

    assert np.isnan(heard.tx_power_dbm[0])
    assert heard.tx_power_dbm[1] == -20


def test_a_table_may_lie_unpacked_and_counts_once(write, tmp_path):
    packed = write([row()])
    (tmp_path / "scenario01-lunch.sqlite").write_bytes(
        lzma.decompress(packed.read_bytes())
    )

    (dataset,) = load_dp3t(tmp_path)

    assert [each.name for each in dataset.collections] == ["lunch"]


def test_scenarios_of_one_name_are_told_apart_by_number(write, tmp_path):
    write([row()], name="scenario01-walls.sqlite.xz")
    write([row()], name="scenario02-walls.sqlite.xz")

    (dataset,) = load_dp3t(tmp_path)

    assert [each.name for each in dataset.collections] == ["01-walls", "02-walls"]


def test_tracks_are_placed_by_device(write, write_tracks, tmp_path):
    write([row(sender=17)])
    times = ["2020-04-17 07:56:47.2", "2020-04-17 07:56:47.4"]
    write_tracks({"datetime": times, "3": [[1, 2, 0]] * 2})

    (lunch,) = load_dp3t(tmp_path)[0].collections

    assert [device.name for device in lunch.devices] == ["1", "3", "17"]
    assert lunch.tracks.x_m[1].tolist() == [1, 1]
    assert np.isnan(lunch.tracks.x_m[[0, 2]]).all()


def test_tracks_of_another_day_are_not_believed(write, write_tracks, tmp_path):
    write([row()])
    write_tracks({"datetime": ["2020-05-17 07:56:47.2"], "1": [[1, 2, 0]]})

    assert load_dp3t(tmp_path)[0].collections[0].tracks is None


def test_models_are_those_that_the_table_states(write, tmp_path):
    write([], create=stating((1, "A", 2, "B"), (2, "B", 3, "C")))

    (lunch,) = load_dp3t(tmp_path)[0].collections

    assert [device.model for device in lunch.devices] == ["A", "B", "C"]


def test_a_sender_model_that_repeats_the_receivers_is_not_believed(write, tmp_path):
    write([], create=stating((1, "A", 2, "A"), (2, "B", 1, "B"), (1, "A", 3, "A")))

    (lunch,) = load_dp3t(tmp_path)[0].collections

    # 3 never received anything, so that only the column in doubt tells its model.
    assert [device.model for device in lunch.devices] == ["A", "B", ""]


def test_tables_without_models_are_read(write, tmp_path):
    write(
        [],
        create="""CREATE TABLE results AS SELECT 1 AS receiver_id, 2 AS transmitter_id,
            1587102977032 AS timestamp, -70 AS rssi, -20 AS tx_power,
            NULL AS ground_truth_distance""",
    )

    (lunch,) = load_dp3t(tmp_path)[0].collections

    assert [device.model for device in lunch.devices] == ["", ""]


def test_a_folder_without_tables_is_refused(tmp_path):
    (tmp_path / "figures").mkdir()

    with pytest.raises(FormatError, match="no table"):
        load_dp3t(tmp_path)


def test_more_phones_than_an_experiment_has_are_refused(write, tmp_path):
    write([row(sender=2 + i) for i in range(1_000)])

    with pytest.raises(FormatError, match="phones"):
        load_dp3t(tmp_path)
