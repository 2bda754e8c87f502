"""From schema 0005 to 0006, with what was stored."""

from sqlalchemy import inspect, text

from proximity.authority.database import open_database, upgrade
from proximity.authority.settings import Settings

KEY = (
    "INSERT INTO exposures (key, start, period, report_type, onset_days, risk, region,"
    " traveler, origin, release_s, forget_s) VALUES"
    " (x'01', 1, 144, 1, 0, 0, 'VN', 0, 'upload', 1, 2)"
)
CERTIFICATES = "INSERT INTO certificates VALUES (x'02', 14, 9), (x'01', 1, 8)"


def indexes(engine):
    return {
        each["name"]: each["column_names"]
        for each in inspect(engine).get_indexes("exposures")
    }


def test_the_schema_before_is_upgraded_and_keeps_its_rows(tmp_path):
    engine = open_database(Settings(), tmp_path)
    assert upgrade(engine, "0005") == "0005"
    assert indexes(engine)["exposures_revised"] == ["revised_type", "revised_batch"]
    assert "exposures_forget" in indexes(engine)
    with engine.begin() as connection:
        connection.execute(text(KEY))
        connection.execute(text(CERTIFICATES))

    assert upgrade(engine, "0006") == "0006"

    assert indexes(engine)["exposures_revised"] == ["revised_batch"]
    assert "exposures_forget" not in indexes(engine)
    with engine.connect() as connection:
        made = "SELECT sql FROM sqlite_master WHERE name = "
        assert (
            "WHERE revised_type IS NOT NULL"
            in connection.execute(text(f"{made}'exposures_revised'")).scalar_one()
        )
        assert (
            "WITHOUT ROWID"
            in connection.execute(text(f"{made}'certificates'")).scalar_one()
        )
        rows = connection.execute(text("SELECT * FROM certificates ORDER BY digest"))
        assert rows.all() == [(b"\x01", 1, 8), (b"\x02", 14, 9)]
        assert connection.execute(text("SELECT key FROM exposures")).scalar() == b"\1"
    engine.dispose()
