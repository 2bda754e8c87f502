"""From schema 0010 to 0011: what is counted from then on is what was there."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

PERSON = (
    "INSERT INTO persons (person, unit, kind, key_id, version, made_s, forget_day,"
    " hold_day) VALUES (:number, :unit, 'case', :key, 1, 0, :day, 0)"
)
BATCH = "INSERT INTO batches VALUES (7, 0, 9, 'shown'), (8, 9, 18, 'taken')"
KEY = (
    "INSERT INTO exposures (key, start, period, report_type, onset_days, risk, region,"
    " traveler, origin, release_s, batch, forget_s)"
    " VALUES (:key, 0, 144, 1, 0, 0, 'VN', false, :origin, 0, 7, 99)"
)


def test_persons_and_keys_that_were_there_are_counted(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0010") == "0010"
    people = [("10", 3), ("10", 3), ("10", 4), ("11", 3)]
    with engine.begin() as connection:
        for number, (unit, day) in enumerate(people):
            given = {"number": number, "unit": unit, "key": b"%d" % number, "day": day}
            connection.execute(text(PERSON), given)
        connection.execute(text(BATCH))
        for place, origin in enumerate(("upload", "upload", "padding")):
            given = {"key": b"%d" % place, "origin": origin}
            connection.execute(text(KEY), given)

    assert upgrade(engine, "0011") == "0011"

    counts = "SELECT unit, forget_day, people FROM person_counts ORDER BY 1, 2"
    keys = "SELECT number, uploaded, invented FROM batches ORDER BY 1"
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(counts))]
        assert found == [("10", 3, 2), ("10", 4, 1), ("11", 3, 1)]
        found = [tuple(row) for row in connection.execute(text(keys))]
        assert found == [(7, 2, 1), (8, None, None)]
    indexes = {each["name"] for each in inspect(engine).get_indexes("cases")}
    assert {"cases_unit", "cases_unit_status", "cases_unit_due"} <= indexes
    engine.dispose()
