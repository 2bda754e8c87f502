"""The three weeks as a whole; that they are lived is shown in tests/integration."""

import pytest

from proximity.errors import DemonstrationError
from proximity.research.district import living
from proximity.research.district.living import ASIDES, live_district
from proximity.research.district.outbreak import WAVE


def test_a_directory_is_there_when_all_is_done(tmp_path, monkeypatch):
    seen = []

    def live(draft, now_s, **options):
        draft.mkdir(parents=True)
        (draft / "made").write_text("")
        seen.append((draft, now_s, options["seed"], options["wave"]))

    monkeypatch.setattr(living, "_live", live)
    live_district(tmp_path / "demo", 1_000, seed=3)

    assert not seen[0][0].exists()
    assert seen[0][1:] == (1_000, 3, WAVE)
    assert [each.name for each in tmp_path.iterdir()] == ["demo"]
    assert (tmp_path / "demo" / "made").exists()


def test_nothing_is_there_when_it_breaks_off(tmp_path, monkeypatch):
    def live(draft, _now_s, **_options):
        draft.mkdir()
        raise DemonstrationError("refused", "try again")

    monkeypatch.setattr(living, "_live", live)
    with pytest.raises(DemonstrationError):
        live_district(tmp_path / "demo", 1_000)

    assert list(tmp_path.iterdir()) == []


def test_the_memory_is_used_where_it_has_room(tmp_path, monkeypatch):
    monkeypatch.setattr(living, "_MEMORY", tmp_path)
    assert living._quick_place() == tmp_path

    monkeypatch.setattr(living, "_ROOM_BYTES", 1 << 62)
    assert living._quick_place() is None

    monkeypatch.setattr(living, "_MEMORY", tmp_path / "none")
    assert living._quick_place() is None


def test_asides_are_of_days_of_the_wave():
    assert set(ASIDES) < set(range(len(WAVE)))
