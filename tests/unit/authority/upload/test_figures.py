"""Daily figures of uploads."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.database import reading
from proximity.authority.upload.decisions import Stored
from proximity.authority.upload.figures import UploadFigures
from proximity.authority.upload.model import AcceptedKey, Upload
from proximity.authority.verification.model import daily_counts
from proximity.protocol.diagnosis_key import ReportType

DAY = 20_600
NOW_S = DAY * 86_400 + 43_200


def upload(*days_back: int, onset_days: int = 0) -> Upload:
    keys = tuple(
        AcceptedKey(
            bytes([n]) * 16,
            (DAY - days) * 144,
            144,
            ReportType.CONFIRMED_TEST,
            onset_days,
            2,
        )
        for n, days in enumerate(days_back)
    )
    return Upload(keys, False, None, b"c", NOW_S)


def counts_of(authority) -> dict[str, int]:
    with reading(authority.engine) as connection:
        rows = connection.execute(select(daily_counts)).all()
    assert {row.day for row in rows} <= {DAY}
    return {row.name: row.count for row in rows}


def count(figures, one: Upload, inserted: int, *, known: bool = True) -> None:
    figures.count(one, Stored(inserted), onset_is_known=known, now_s=NOW_S)


def test_an_upload_is_counted_by_its_oldest_key_and_its_onset(authority):
    figures = UploadFigures()
    # The oldest key is of five days ago, two days after symptom onset.
    count(figures, upload(1, 5, onset_days=2), 2)
    count(figures, upload(1, onset_days=-3), 0, known=False)
    figures.flush(authority.engine)

    assert counts_of(authority) == {
        "publish_requests": 2,
        "teks_published": 2,
        "tek_age_5": 1,
        "tek_age_1": 1,
        "onset_age_7": 1,
        "onset_missing": 1,
        "revision_requests": 1,
    }


def test_what_is_older_than_the_last_bucket_is_in_it(authority):
    figures = UploadFigures()
    count(figures, upload(16, onset_days=60), 1)
    count(figures, upload(0, onset_days=-9), 1)
    figures.flush(authority.engine)

    counted = counts_of(authority)
    assert (counted["tek_age_16"], counted["tek_age_0"]) == (1, 1)
    assert (counted["onset_age_30"], counted["onset_age_0"]) == (1, 1)


def test_what_was_written_is_not_written_again(authority):
    figures = UploadFigures()
    count(figures, upload(1), 1)
    figures.flush(authority.engine)
    figures.flush(authority.engine)

    assert counts_of(authority)["publish_requests"] == 1


def test_what_could_not_be_written_is_kept(authority):
    figures = UploadFigures()
    count(figures, upload(1), 1)
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE daily_counts RENAME TO gone")
    with pytest.raises(SQLAlchemyError):
        figures.flush(authority.engine)
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO daily_counts")
    figures.flush(authority.engine)

    assert counts_of(authority)["publish_requests"] == 1
