import pytest

from proximity import errors


def concrete_errors() -> list[type[errors.ProximityError]]:
    def below(kind: type) -> list[type]:
        return [kind, *(leaf for sub in kind.__subclasses__() for leaf in below(sub))]

    return below(errors.ProximityError)


def test_an_error_carries_its_hint():
    error = errors.BadSignatureError("the signature does not hold", "ask for the key")

    assert str(error) == "the signature does not hold"
    assert error.hint == "ask for the key"


@pytest.mark.parametrize("kind", concrete_errors())
def test_every_error_name_ends_in_error(kind: type[errors.ProximityError]):
    assert kind.__name__.endswith("Error")


def test_a_hint_is_not_optional():
    with pytest.raises(TypeError):
        errors.FormatError("no hint")  # type: ignore[call-arg]
