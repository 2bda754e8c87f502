"""The timeline of a case."""

from proximity.authority.cases.events import Event, note, timeline
from proximity.authority.cases.judge import LANGUAGES, load_texts


def test_events_come_back_in_order_with_their_detail(connection):
    later = Event("changed", "a@example.org", 20, {"onset_day": [None, 3]})
    earlier = Event("created", "a@example.org", 10)
    for event in (later, earlier):
        note(connection, "AAAAAAAAAA", event)
    note(connection, "BBBBBBBBBB", earlier)

    assert timeline(connection, "AAAAAAAAAA") == [earlier, later]


def test_events_of_one_second_keep_their_order(connection):
    made = [Event(kind, "a", 10) for kind in ("created", "token", "shared")]
    for event in made:
        note(connection, "AAAAAAAAAA", event)

    assert timeline(connection, "AAAAAAAAAA") == made


def test_every_kind_has_a_word_in_both_languages():
    vi, en = (load_texts(language)["event"] for language in LANGUAGES)

    assert vi.keys() == en.keys() >= {"created", "changed", "token", "shared", "edge"}
