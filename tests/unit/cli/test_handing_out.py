"""Nothing leaves without a yes, and days are two days in their order."""

import pytest
import typer

from proximity.cli.handing_out import ask_first, note, parse_days
from proximity.errors import ConsentError


def test_days_are_both_included():
    assert parse_days("2020-05-17..2020-05-18") == range(18_399, 18_401)


@pytest.mark.parametrize("text", ["", "2020-05-17", "2020-05-18..2020-05-17", "a..b"])
def test_days_that_are_none_are_wrong_usage(text):
    with pytest.raises(typer.BadParameter):
        parse_days(text)


@pytest.mark.parametrize("answer", [False, None])
def test_a_no_and_no_answer_are_the_same(answer, monkeypatch, capsys):
    def confirm(_question: str, *, err: bool) -> bool:
        if answer is None:
            raise typer.Abort
        return answer

    monkeypatch.setattr(typer, "confirm", confirm)
    with pytest.raises(ConsentError, match="Nothing left"):
        ask_first("Shall it?", "Nothing left.")
    note("seen")
    assert capsys.readouterr().err.endswith("seen\n")
