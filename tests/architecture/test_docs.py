"""What the documentation says is there: commands, options, errors, links."""

import inspect
import re
from pathlib import Path

import pytest
from typer.main import get_command

from proximity import errors
from proximity.cli.main import load_app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def commands() -> list[tuple[str, object]]:
    """Return every command with its full name, groups walked."""
    found = []
    waiting = [("", get_command(load_app()))]
    while waiting:
        name, command = waiting.pop()
        children = getattr(command, "commands", None)
        if children is None:
            found.append((name.strip(), command))
        else:
            waiting += [(f"{name} {child}", children[child]) for child in children]
    return sorted(found)


def pages_of(name: str) -> str:
    """Return the pages that describe a command, by its own name or its group's."""
    folder = DOCS / "reference" / "commands"
    names = (name.replace(" ", "-"), name.split(maxsplit=1)[0])
    texts = [(folder / f"{n}.md") for n in names]
    return "\n".join(t.read_text(encoding="utf-8") for t in texts if t.exists())


@pytest.mark.parametrize(("name", "command"), commands(), ids=lambda v: str(v)[:40])
def test_every_command_and_option_has_its_entry(name: str, command):
    page = pages_of(name)
    options = {
        option
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    } - {"--help"}

    assert f"proximity {name}" in page
    assert {option for option in options if option not in page} == set()


def test_every_error_has_its_entry():
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    named = {
        name
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.ProximityError)
    } - {"ProximityError"}

    assert {name for name in named if f"`{name}`" not in page} == set()


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda p: p.name
)
def test_every_link_of_a_page_leads_somewhere(page: Path):
    links = LINK.findall(page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]

    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_opens_with_two_sentences_a_picture_and_the_commands():
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("\n\n")
    title, opening, picture, commands = blocks[:4]

    assert title == "# proximity"
    assert len(re.findall(r"\.(?:\s|$)", opening)) == 2
    assert picture.startswith("![")
    assert re.findall(r"^    make (\w+)", commands, re.MULTILINE) == ["demo", "test"]


def test_every_page_is_reached_from_the_readme():
    reached: set[Path] = set()
    waiting = {ROOT / "README.md"}
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            target = (page.parent / link).resolve()
            pages = target.glob("*.md") if target.is_dir() else [target]
            waiting |= {p for p in pages if p.suffix == ".md" and p.exists()} - reached

    assert set(DOCS.rglob("*.md")) - reached == set()


def test_every_folder_has_its_kind():
    folders = {path.name for path in DOCS.iterdir() if path.is_dir()}

    assert folders == {"tutorial", "howto", "reference", "explanation", "decisions"}


def test_every_test_that_a_page_of_security_names_is_there():
    page = (DOCS / "explanation" / "console-security.md").read_text(encoding="utf-8")
    tests = {
        (file.name, name)
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    named = set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", page))

    assert len(named) > 25
    assert named - tests == set()
