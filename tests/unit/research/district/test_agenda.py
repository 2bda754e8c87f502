"""What is done when."""

from proximity.research.district.agenda import Agenda


def test_steps_are_taken_in_the_order_of_their_times():
    done = []

    def story(name, *times):
        for at_s in times:
            yield at_s
            done.append((name, agenda.now_s))

    agenda = Agenda(0, 100)
    agenda.begin(story("a", 10, 30))
    agenda.begin(story("b", 20, 25))
    agenda.run()

    assert done == [("a", 10), ("b", 20), ("b", 25), ("a", 30)]


def test_what_would_come_later_is_not_done_and_the_clock_ends_at_the_end():
    done = []

    def story():
        yield 200
        done.append("late")

    agenda = Agenda(0, 100)
    agenda.begin(story())
    agenda.run()

    assert (done, agenda.now_s, agenda.clock()) == ([], 100, 100.0)


def test_a_story_begins_another_and_nothing_is_done_in_the_past():
    done = []

    def child():
        yield 5
        done.append(agenda.now_s)

    def parent():
        yield 50
        agenda.begin(child())

    seen = []
    agenda = Agenda(0, 100)
    agenda.begin(parent())
    agenda.run(seen.append)

    assert done == [50]
    assert seen == [50, 50]
