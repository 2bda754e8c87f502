"""What a page is given."""

import pytest

from proximity.authority.api_error import ApiError
from proximity.authority.console.visit import Form


def test_a_field_is_normalised_and_without_its_outer_spaces():
    form = Form(b"name=++Nguye%CC%82%CC%83n+&again=1&again=2")

    assert form.text("name", 20) == "Nguyễn"
    assert form.text("missing", 20) == ""
    assert form.all("again", 5) == ["1", "2"]
    assert "name" in form
    assert "Nguy" not in repr(form)


@pytest.mark.parametrize(
    "hidden",
    ["\u202e", "\u2066", "\u200b", "\u0000", "\ue000", "\u001b"],
    ids=["override", "isolate", "zero-width", "nul", "private", "escape"],
)
def test_characters_that_are_not_seen_are_refused(hidden):
    form = Form(f"name=Lan{hidden}B".encode())

    with pytest.raises(ApiError) as caught:
        form.text("name", 20)
    assert caught.value.code == "unseen"


def test_lines_are_allowed_where_they_are_asked_for():
    form = Form(b"note=a%0D%0Ab%09c")

    assert form.text("note", 20, lines=True) == "a\nb\tc"
    with pytest.raises(ApiError):
        form.text("note", 20)


def test_a_field_has_its_bound():
    with pytest.raises(ApiError, match="20"):
        Form(b"name=" + b"x" * 21).text("name", 20)


@pytest.mark.parametrize("data", [b"\xff", b"a=%ff", b"&".join([b"a=1"] * 201)])
def test_what_is_no_form_is_refused(data):
    with pytest.raises(ApiError) as caught:
        Form(data)
    assert caught.value.status == 400


def test_a_password_is_kept_as_it_was_typed():
    assert Form(b"p=+a+b+").secret("p") == " a b "
