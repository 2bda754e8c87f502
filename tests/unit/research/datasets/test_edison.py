"""The cable car."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.edison import load_edison

METADATA = (
    "testid,phoneaname,phonebname,filenamephonea,filenamephoneb\n"
    "1,X,P2,20210101-0900-A.csv,20210101-0900-B.csv\n"
    "2,X,P2,,../secret.csv\n"
)
LOG = (
    "time,rssi,distance\n"
    "2021-01-01 09:00:00,-50.0,0\n2021-01-01 09:00:00,-51.0,0\n"
    "2021-01-01 09:30:00,-60.0,20\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "metadata.csv").write_text(METADATA)
    (tmp_path / "phones.csv").write_text("name,model\nX,Apple iPhone X\n")
    (tmp_path / "20210101-0900-B.csv").write_text(LOG)
    return tmp_path


def test_each_distance_of_a_log_is_a_segment(folder):
    (test,) = load_edison(folder).collections

    assert [s.distance_m for s in test.segments] == [0.0, 0.2]
    assert test.segment.tolist() == [0, 0, 1]
    # The log of phone B: it heard phone A. Times are whole seconds, so nothing
    # counts as logged twice.
    assert test.sightings.receiver.tolist() == [1, 1, 1]
    assert test.devices[0].model == "Apple iPhone X"


def test_a_log_that_the_list_forgot_is_read_with_unknown_phones(folder):
    (folder / "20210315-1040-A.csv").write_text(LOG)

    tests = load_edison(folder).collections

    assert [each.name for each in tests] == ["test 1", "test 20210315-1040"]
    assert {device.model for device in tests[1].devices} == {""}


def test_no_name_in_the_list_leads_out_of_the_folder(folder):
    (folder.parent / "secret.csv").write_text(LOG)

    assert len(load_edison(folder).collections) == 1


def test_a_folder_without_logs_is_refused(folder):
    (folder / "20210101-0900-B.csv").unlink()

    with pytest.raises(FormatError, match="none of the logs"):
        load_edison(folder)


def test_a_distance_below_zero_is_refused(folder):
    (folder / "20210101-0900-B.csv").write_text(
        "time,rssi,distance\n2021-01-01 09:00:00,-50,-1\n"
    )

    with pytest.raises(FormatError, match="distance"):
        load_edison(folder)


def test_a_log_that_is_listed_twice_counts_once(folder):
    (folder / "metadata.csv").write_text(METADATA + "3,X,P2,,20210101-0900-B.csv\n")

    assert len(load_edison(folder).collections) == 1
