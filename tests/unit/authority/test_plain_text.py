"""What may stand in a text that a stranger wrote."""

import pytest

from proximity.authority.plain_text import has_unseen, mixes_scripts


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",
        "a\u200bb",
        "\ufeff",
        "a\x00",
        "\u2028",
        "\u3164",
        "a\u2800",
        "\ue000",
    ],
)
def test_what_hides_or_turns_around_is_told(text):
    assert has_unseen(text)


@pytest.mark.parametrize(
    "text",
    [
        "Nguyễn Thị Hoà",
        "\u03a3\u03bf\u03c6\u03af\u03b1",
        "ਸਿੰਘ",
        "王秀英",
        "",
        "A\u0302",
        "a b",
    ],
)
def test_names_of_people_are_seen(text):
    assert not has_unseen(text)


def test_breaks_are_kept_where_they_may_be():
    assert has_unseen("a\nb")
    assert not has_unseen("a\nb\tc", "\n\t")
    assert has_unseen("a\n\u202e", "\n")


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("Ngu\u0443\u1ec5n", True),
        ("\u0430dmin@example.org", True),
        ("\u0391\u03bdna", True),
        ("\u0410\u043d\u043d\u0430 Nguyễn", False),
        ("Lê 王", False),
    ],
)
def test_a_word_of_two_scripts_that_look_alike_is_told(text, mixed):
    assert mixes_scripts(text) is mixed
