from proximity.store.neighbours import Edges, Neighbour
from proximity.store.open_encounter import (
    ROW_MS,
    ROW_SIGHTINGS,
    OpenEncounter,
    SeriesRow,
)


def encounter():
    edges = Edges("gaen", Neighbour(), 0, 0)
    return OpenEncounter(edges, bytes(16), bytes(4))


def test_sightings_stay_in_time_order_whatever_order_they_come_in():
    row = SeriesRow()
    for t_ms in (200, 0, 100):
        row.add(t_ms, -t_ms // 100)

    assert list(row.t_ms) == [0, 100, 200]
    assert list(row.rssi_dbm) == [0, -1, -2]


def test_a_row_is_closed_when_it_is_long():
    opened = encounter()
    for index in range(ROW_SIGHTINGS + 1):
        opened.hear(index * 100, -60)

    assert [len(row.t_ms) for row in opened.rows] == [ROW_SIGHTINGS, 1]


def test_a_row_is_closed_when_it_is_old():
    opened = encounter()
    for t_ms in (0, ROW_MS, ROW_MS + 100):
        opened.hear(t_ms, -60)

    assert [list(row.t_ms) for row in opened.rows] == [[0, ROW_MS], [ROW_MS + 100]]


def test_a_late_sighting_does_not_go_before_what_is_stored():
    opened = encounter()
    opened.hear(1_000, -60)
    opened.rows[0].stored = 1
    opened.hear(900, -60)

    assert [list(row.t_ms) for row in opened.rows] == [[1_000], [900]]


def test_only_rows_with_something_new_wait():
    opened = encounter()
    assert opened.unstored_rows() == []
    opened.hear(0, -60)
    assert len(opened.unstored_rows()) == 1
    opened.rows[0].stored = 1
    assert opened.unstored_rows() == []


def test_a_row_that_was_forgotten_goes_on_with_what_was_not_stored():
    row = SeriesRow()
    for t_ms in (0, 100, 200):
        row.add(t_ms, -60)
    row.row, row.stored = 7, 2

    row.drop_stored()

    assert (list(row.t_ms), row.row, row.stored) == ([200], None, 0)


def test_an_encounter_is_shy():
    opened = encounter()
    opened.address = b"\xaa" * 6

    assert "x00" not in repr(opened)
    assert "xaa" not in repr(opened)
