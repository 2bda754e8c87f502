import pytest

from proximity.errors import FormatError
from proximity.scoring.fields import Fields, as_number, refuse


def refused(problem):
    return pytest.raises(FormatError, match=problem)


def test_fields_are_read_with_their_types():
    fields = Fields(
        {
            "number": 2,
            "integer": 3,
            "numbers": [1, 2.5],
            "text": "x",
            "hex": ["00FF"],
            "member": {"deep": 1},
            "members": [{"deep": 2}],
            "null": None,
        },
        "top",
    )

    assert fields.number("number", 0, 5) == 2.0
    assert fields.integer("integer", 0, 5) == 3
    assert fields.ascending("numbers", range(1, 3), 5) == (1.0, 2.5)
    assert fields.choice("text", ["x", "y"]) == "x"
    assert fields.hex_list("hex", range(1, 2), 2) == (b"\x00\xff",)
    assert fields.member("member").integer("deep", 0, 5) == 1
    assert fields.members("members", range(3))[0].integer("deep", 0, 5) == 2
    assert not fields.has("null")
    fields.finish()


@pytest.mark.parametrize("value", [None, [], 1, "x"])
def test_what_is_no_object_is_refused(value):
    with refused("top is not an object"):
        Fields(value, "top")


@pytest.mark.parametrize("value", [True, "1", None, [1], 6, -1])
def test_number_of_another_type_or_range_is_refused(value):
    fields = Fields({"n": value}, "top")

    with refused(r"top\.n is not"):
        fields.number("n", 0, 5)
    with refused(r"top\.n is not"):
        fields.integer("n", 0, 5)


@pytest.mark.parametrize("value", ["", "x" * 6, 1, None])
def test_text_of_another_type_or_length_is_refused(value):
    with refused(r"top\.t is not"):
        Fields({"t": value}, "top").text("t", 5)


@pytest.mark.parametrize("value", [["0"], ["zz"], [""], ["00" * 3], [1], [], "00"])
def test_what_is_no_list_of_hex_is_refused(value):
    with refused(r"top\.h"):
        Fields({"h": value}, "top").hex_list("h", range(1, 2), 2)


def test_messages_name_the_place():
    with refused(r"top\.a is missing"):
        Fields({}, "top").number("a", 0, 1)
    with refused(r"top\.a is not one of x, y"):
        Fields({"a": "z"}, "top").choice("a", ["x", "y"])
    with refused(r"top\.a is not strictly ascending"):
        Fields({"a": [2, 2]}, "top").ascending("a", range(3), 5)
    with refused(r"top\.a\[1\] is not a number"):
        Fields({"a": [1, "x"]}, "top").numbers("a", range(3), 0, 5)
    with refused(r"top\.a\.b is missing"):
        Fields({"a": {}}, "top").member("a").text("b", 5)
    with refused(r"top\.'b' is not known here"):
        Fields({"b": 1}, "top").finish()


def test_whole_numbers_beyond_floats_are_refused_not_overflowed():
    with refused("is not within"):
        as_number(10**400, "x", 0, 1e6)


def test_refusal_has_a_hint():
    with pytest.raises(FormatError) as caught:
        refuse("x", "is wrong")

    assert str(caught.value) == "x is wrong"
    assert caught.value.hint
