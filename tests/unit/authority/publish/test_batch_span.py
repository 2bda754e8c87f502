"""Batches follow each other in time, and what pads them is stored."""

import numpy as np
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine

from proximity.authority.publish.batch_span import invented_rows, next_span
from proximity.errors import PolicyError
from proximity.protocol.diagnosis_key import DiagnosisKeys

NOW_S = 1_780_000_200
END_S = NOW_S // 600 * 600


@pytest.fixture
def put():
    engine = create_engine("sqlite://")
    columns = Column("number", Integer), Column("end_s", Integer)
    table = Table("files", MetaData(), *columns)
    with engine.connect() as connection:
        table.create(connection)

        def make(*ends_s: int):
            for number, end_s in enumerate(ends_s, 1):
                connection.execute(table.insert().values(number=number, end_s=end_s))
            return next_span(connection, table, "number", now_s=NOW_S)

        yield make
    engine.dispose()


def test_the_first_batch_covers_a_day(put):
    assert put() == (1, END_S - 86_400, END_S)


def test_a_batch_begins_where_the_last_one_ended(put):
    assert put(END_S - 1_200, END_S) == (3, END_S, END_S + 1)


def test_a_clock_that_went_back_makes_no_batch(put):
    with pytest.raises(PolicyError, match="behind"):
        put(NOW_S + 601)


def test_only_what_is_of_nobody_is_padding():
    keys = DiagnosisKeys(
        key=np.arange(48, dtype=np.uint8).reshape(3, 16),
        start_interval=np.array([144, 288, 432], np.int64),
        period=np.array([144, 144, 72], np.int64),
        report_type=np.zeros(3, np.uint8),
        days_since_onset=np.array([0, 1, 2], np.int16),
        transmission_risk=np.zeros(3, np.uint8),
    )

    (row,) = invented_rows(keys, 2)
    assert row == {
        "key": bytes(range(32, 48)),
        "start": 432,
        "period": 72,
        "onset_days": 2,
    }
