import pytest

from proximity.matching.exposure_window import Infectiousness
from proximity.protocol.gaen import CalibrationConfidence
from proximity.scoring.config import built_in, names
from proximity.scoring.explain_words import LANGUAGES, explain_in_words

NEAR = [(48, 240)] * 6
FAR = [(80, 240)] * 6


@pytest.fixture
def known(window):
    def make(*scans, **changes):
        changes = {"calibration_confidence": CalibrationConfidence.HIGH, **changes}
        return window(*scans, **changes)

    return make


def sentences(name, windows, today, language="en"):
    (day,) = explain_in_words(built_in(name), windows, today, language)
    return day.sentences


def test_it_tells_what_was_measured_how_sure_and_what_would_change(known, today):
    measured, within, sure, verdict, change = sentences(
        "default", [known(*NEAR)], today
    )

    assert (
        "1 phone(s) of cases, heard in 6 scan(s) that stand for 24 minutes" in measured
    )
    assert "48 dB" in measured
    assert "Within 2 m for about" in within
    assert "An alert needs 50 %" in sure
    assert verdict == "Verdict: alert."
    assert "weaker" in change
    assert "there would be no alert" in change


def test_a_verdict_of_no_alert_tells_what_would_make_one(known, today):
    *_, verdict, change = sentences("default", [known(*FAR)], today)

    assert verdict == "Verdict: no alert."
    assert "stronger" in change


def test_the_change_that_is_told_changes_the_verdict(known, today):
    (day,) = explain_in_words(built_in("default"), [known(*NEAR)], today, "en")
    rule = built_in("default").rule
    level = 48 + day.change_db

    (before,) = rule.daily([known(*[(level - 1, 240)] * 6)], today)
    (after,) = rule.daily([known(*[(level, 240)] * 6)], today)

    assert before.value >= 50 > after.value


def test_what_does_not_count_is_named_with_its_reason(known, today):
    none = known(*NEAR, key_index=1, infectiousness=Infectiousness.NONE)

    text = " ".join(sentences("default", [known(*NEAR), none], today))

    assert "Not counted: 1 exposure window(s)" in text
    assert "not infectious" in text


def test_a_day_of_which_nothing_counts_says_so(known, today):
    none = known(*NEAR, infectiousness=Infectiousness.NONE)

    first, *_ = sentences("default", [none], today)

    assert first == "Nothing of this day counts for this rule."


def test_a_day_that_no_signal_changes_says_so(known, today):
    *_, change = sentences("default", [known(*NEAR[:2])], today)

    assert change.startswith("What would change it: no signal")


def test_published_rules_are_explained_by_their_own_number(known, today):
    text = " ".join(sentences("en-v2", [known(*NEAR)], today))

    assert "The rule en-v2 makes 42 weighted minutes of this. An alert needs 15" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", names())
def test_every_rule_is_explained_in_every_language(name, language, known, today):
    text = " ".join(sentences(name, [known(*NEAR)], today, language))

    assert "{" not in text
    assert ("Kết luận" in text) is (language == "vi")


def test_numbers_are_written_as_the_language_writes_them(known, today):
    windows = [known(*FAR)]
    english, vietnamese = (
        sentences("default", windows, today, each)[1] for each in ("en", "vi")
    )

    assert english.count(".") > 3
    assert "," in vietnamese
