"""From schema 0012 to 0013: what is counted from then on is what was there."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

PERSON = (
    "INSERT INTO persons (person, unit, kind, key_id, version, made_s, forget_day,"
    " hold_day) VALUES (:number, :unit, 'case', :key, 1, 0, :day, 0)"
)


def test_persons_that_were_there_are_counted(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0012") == "0012"
    people = [("10", 3), ("10", 3), ("10", 4), ("11", 3)]
    with engine.begin() as connection:
        for number, (unit, day) in enumerate(people):
            given = {"number": number, "unit": unit, "key": b"%d" % number, "day": day}
            connection.execute(text(PERSON), given)

    assert upgrade(engine, "0013") == "0013"

    counts = "SELECT unit, forget_day, people FROM person_counts ORDER BY 1, 2"
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(counts))]
        assert found == [("10", 3, 2), ("10", 4, 1), ("11", 3, 1)]
    indexes = {each["name"] for each in inspect(engine).get_indexes("cases")}
    assert {"cases_unit", "cases_unit_status", "cases_unit_due"} <= indexes
    engine.dispose()
