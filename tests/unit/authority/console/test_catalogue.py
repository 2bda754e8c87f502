"""The words of the console."""

import re
from pathlib import Path

import pytest

from proximity.authority.console.catalogue import (
    FEATURES,
    load_catalogue,
    problems,
    translate,
)
from proximity.authority.console.features import DEEDS, build_registry
from proximity.authority.console.registry import Group, Kind

CATALOGUE = load_catalogue()
USED = re.compile(r"""\bt\("([a-z0-9_.-]*[a-z0-9_])"[,)\s]""")
DONE = re.compile(
    r'(?:Redirect\([^)]*?|_back\(visit, |_add_all\([^)]*, )"([a-z-]+\.[a-z-]+)"'
)
# Their parts are put together from values of the program.
BUILT = (
    "area.",
    "audit.action.",
    "batch.",
    "card.",
    "case.call_result.",
    "case.choice.",
    "case.day.",
    "case.field.",
    "case.origin.",
    "case.person.",
    "case.status.",
    "case.test_result.",
    "deed.",
    "done.",
    "error.",
    "group.",
    "keys.kind-",
    "keys.state-",
    "lines.row-",
    "page.",
    "person.",
    "proof.",
    "role.",
    "state.",
    "statistics.",
    "tracing.",
    "type.",
    "unit.",
)


def texts():
    for pattern in ("*/templates/**/*.html", "*/*.py"):
        for file in sorted(FEATURES.glob(pattern)):
            yield file, file.read_text("utf-8")


def test_every_message_is_there_in_every_language_with_the_same_values():
    assert problems(CATALOGUE) == []
    assert len(CATALOGUE) > 300


def test_what_is_incomplete_is_found():
    assert problems({"a": {"vi": "x"}}) == ["a: not in every language"]
    assert problems({"a": {"vi": "x", "en": ""}}) == ["a: not in every language"]
    assert len(problems({"a": {"vi": "{n}", "en": "{m}"}})) == 1


def test_every_message_that_is_asked_for_is_there():
    missing = {
        (file.name, message)
        for file, text in texts()
        for message in USED.findall(text)
        if message not in CATALOGUE
    }

    assert missing == set()


def test_no_message_is_left_over():
    everything = "\n".join(text for _, text in texts())
    scripts = "\n".join(
        file.read_text("utf-8") for file in FEATURES.glob("*/static/*.js")
    )

    assert {
        message
        for message in CATALOGUE
        if not message.startswith(BUILT) and f'"{message}"' not in everything + scripts
    } == set()


def test_no_text_of_a_template_is_outside_of_the_catalogue():
    """Letters between tags that no expression made would be of one language."""
    found = {}
    for file, text in texts():
        if file.suffix == ".html":
            bare = re.sub(r"{%.*?%}|{#.*?#}|{{.*?}}|<[^>]*>", " ", text, flags=re.S)
            words = re.findall(r"[^\W\d_]{2,}", bare)
            if words:
                found[file.name] = words

    # The name of a language is in that language.
    assert found == {}


@pytest.mark.parametrize("page", build_registry().pages, ids=lambda page: page.name)
def test_every_page_says_what_it_is_and_does(page):
    if page.kind is Kind.PAGE:
        assert f"page.{page.name}.title" in CATALOGUE
        assert f"page.{page.name}.help" in CATALOGUE


def test_every_group_card_and_deed_has_its_words():
    wanted = {f"group.{group}" for group in Group}
    wanted |= {f"card.{card.name}" for card in build_registry().cards}
    wanted |= {
        f"deed.{deed.kind}.{part}"
        for deed in DEEDS
        for part in ("title", "text", "effect")
    }

    assert wanted - set(CATALOGUE) == set()


def test_what_was_done_is_said_in_words():
    asked = {
        done
        for file, text in texts()
        for done in DONE.findall(text)
        if file.name != "__init__.py"
    }

    assert len(asked) > 10
    assert {each for each in asked if f"done.{each}" not in CATALOGUE} == set()


def test_values_are_put_in_and_a_missing_one_is_a_mistake():
    messages = {"a": {"vi": "{n} mã", "en": "{n} codes"}}

    assert translate(messages, "vi", "a", {"n": 3}) == "3 mã"
    assert translate(messages, "en", "a", {"n": "{n}"}) == "{n} codes"
    with pytest.raises(KeyError):
        translate(messages, "en", "a", {})


def test_two_features_with_one_message_are_a_mistake(tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "messages.json").write_text('{"a": {"vi": "x", "en": "x"}}')

    with pytest.raises(ValueError, match="once more"):
        load_catalogue(tmp_path)
