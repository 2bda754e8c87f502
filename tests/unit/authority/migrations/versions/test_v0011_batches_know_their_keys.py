"""From schema 0010 to 0011, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

KEY = (
    "INSERT INTO exposures (key, start, period, report_type, onset_days, risk, region,"
    " traveler, origin, release_s, batch, revised_type, revised_batch, forget_s) VALUES"
    " (:key, 1, 144, 1, 0, 0, 'VN', 0, :origin, 1, :batch, :type, :revised, :forget)"
)


def test_batches_learn_how_many_keys_they_have_and_keys_stay(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0010") == "0010"
    rows = [
        (b"\1", "upload", 1, None, None, 50),
        (b"\2", "imported", 1, 1, 2, 70),
        (b"\3", "padding", 1, None, None, 90),
        (b"\4", "upload", None, None, None, 80),
    ]
    names = ("key", "origin", "batch", "type", "revised", "forget")
    with engine.begin() as connection:
        connection.execute(
            text(KEY), [dict(zip(names, row, strict=True)) for row in rows]
        )
        connection.execute(
            text("INSERT INTO batches VALUES (1, 0, 9, 'shown'), (2, 9, 18, 'shown')")
        )

    assert upgrade(engine, "0011") == "0011"

    found = {each["name"] for each in inspect(engine).get_indexes("exposures")}
    assert found == {"exposures_forget", "exposures_revised"}
    with engine.connect() as connection:
        known = connection.execute(text("SELECT * FROM batches ORDER BY number")).all()
        assert known[0] == (1, 0, 9, "shown", 2, 0, 1, 50, 90)
        assert known[1] == (2, 9, 18, "shown", 0, 1, 0, None, None)
        kept = connection.execute(text("SELECT key FROM exposures ORDER BY key"))
        assert [key for (key,) in kept] == [row[0] for row in rows]
    engine.dispose()
