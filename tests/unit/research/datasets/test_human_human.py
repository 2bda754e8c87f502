"""Two people, six ways to carry two phones."""

import pytest

from proximity.errors import FormatError
from proximity.research.datasets.human_human import CARRIAGES, load_human_human

HEADER = "device,elapsed,rss,mRSS10,mRSS100,dist,label\n"
ROWS = "N8,900.0,-60,0,0,180,1\nN8,900.5,-61,0,0,180,1\nZ,10.0,-80,0,0,200,1\n"


@pytest.fixture
def folder(tmp_path):
    def write(rows=ROWS):
        for carriage in CARRIAGES:
            (tmp_path / f"RSS_human{carriage}.csv").write_text(HEADER + rows)
        return tmp_path

    return write


def test_each_pair_of_carriages_is_a_collection(folder):
    collections = load_human_human(folder()).collections
    (hp,) = (each for each in collections if each.name == "HP")

    assert len(collections) == 6
    assert hp.segments[0].receiver_placement.carriage == "in hand"
    assert hp.segments[0].sender_placement.carriage == "pocket"


def test_distance_and_phone_make_a_segment(folder):
    first = load_human_human(folder()).collections[0]

    assert [s.distance_m for s in first.segments] == [1.8, 2.0]
    assert [(s.receiver, s.sender) for s in first.segments] == [(1, 0), (0, 1)]


def test_three_phones_are_refused(folder):
    with pytest.raises(FormatError, match="two phones"):
        load_human_human(folder(ROWS + "Q,10.0,-80,0,0,200,1\n"))


def test_a_row_without_a_distance_is_refused(folder):
    with pytest.raises(FormatError, match="distance"):
        load_human_human(folder("N8,900.0,-60,0,0,,1\n"))


def test_a_missing_carriage_is_named(folder):
    found = folder()
    (found / "RSS_humanHB.csv").unlink()

    with pytest.raises(FormatError, match="RSS_humanHB"):
        load_human_human(found)
