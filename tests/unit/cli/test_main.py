"""Exit codes and the shape of errors, which every command shares."""

import io
import json

import pytest

from proximity.cli import main as entry
from proximity.cli.console import say


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["proximity", *arguments])
    with pytest.raises(SystemExit) as ended:
        entry.main()
    return int(ended.value.code or 0)


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.zip"
    path.write_bytes(b"no zip")
    return str(path)


def test_done_is_zero(monkeypatch, capsys):
    assert run(monkeypatch, "--help") == 0
    assert "score" in capsys.readouterr().out


def test_a_named_error_is_one_with_its_hint_on_standard_error(
    monkeypatch, capsys, broken
):
    assert run(monkeypatch, "export", "inspect", broken) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("proximity: error: ")
    assert "\nhint: " in captured.err


def test_a_named_error_as_json_is_one_object_on_standard_error(
    monkeypatch, capsys, broken
):
    assert run(monkeypatch, "export", "inspect", broken, "--json") == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert set(json.loads(captured.err)) == {"error", "message", "hint"}


@pytest.mark.parametrize("arguments", [["nonsense"], ["ids"], ["score", "--rule"]])
def test_wrong_usage_is_two(monkeypatch, capsys, arguments):
    assert run(monkeypatch, *arguments) == 2
    assert capsys.readouterr().out == ""


def test_an_interrupt_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "load_app", lambda _: interrupted)

    assert run(monkeypatch) == 130
    assert capsys.readouterr().err == ""


def test_output_is_utf_8_whatever_the_terminal_speaks(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, "ascii"))
    monkeypatch.setattr(entry, "load_app", lambda _: lambda: say("Bình"))

    entry.main()

    entry.sys.stdout.flush()
    assert raw.getvalue() == "Bình\n".encode()


def test_what_the_system_refuses_is_a_named_error(monkeypatch, capsys):
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(entry, "load_app", lambda _: full)

    assert run(monkeypatch) == 1
    assert "No space left on device" in capsys.readouterr().err
