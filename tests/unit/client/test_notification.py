import pytest

from proximity.client.notification import (
    Notification,
    NotificationKind,
    languages,
    render_notification,
)
from proximity.units import day_from_iso

TUESDAY = day_from_iso("2026-11-17")
EXPOSED = Notification(NotificationKind.EXPOSED, TUESDAY, 23)
WITHDRAWN = Notification(NotificationKind.WITHDRAWN, TUESDAY, 0)


def test_a_person_is_told_how_long_and_on_which_day():
    text = render_notification(EXPOSED, "en")

    assert text.body == "You were near a case for 23 minutes on Tuesday, 17/11/2026."


def test_the_same_in_vietnamese():
    text = render_notification(EXPOSED, "vi")

    assert text.body == (
        "Bạn đã ở gần một ca bệnh trong 23 phút vào thứ Ba, 17/11/2026."
    )


def test_a_withdrawal_names_the_day_that_no_longer_counts():
    assert "Tuesday, 17/11/2026" in render_notification(WITHDRAWN, "en").body
    assert "thứ Ba, 17/11/2026" in render_notification(WITHDRAWN, "vi").body


@pytest.mark.parametrize("notification", [EXPOSED, WITHDRAWN])
@pytest.mark.parametrize("language", languages())
def test_every_language_fills_every_blank(notification: Notification, language: str):
    text = render_notification(notification, language)

    assert all((text.title, text.body, text.advice))
    assert "{" not in text.title + text.body + text.advice


def test_vietnamese_and_english_are_always_there():
    assert {"vi", "en"} <= set(languages())


@pytest.mark.parametrize("language", ["xx", "../en", ""])
def test_a_language_without_texts_is_the_callers_mistake(language: str):
    with pytest.raises(ValueError, match="no texts"):
        render_notification(EXPOSED, language)


@pytest.mark.parametrize(("language", "says"), [("en", "clear"), ("vi", "an toàn")])
def test_a_withdrawal_does_not_call_other_notices_off(language: str, says: str):
    text = render_notification(
        Notification(NotificationKind.WITHDRAWN, 20_774, 0), language
    )

    # Another day's alert may stand.
    assert says not in text.title.lower()
    assert {"en": "still holds", "vi": "vẫn còn hiệu lực"}[language] in text.advice
