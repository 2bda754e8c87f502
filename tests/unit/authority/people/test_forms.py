"""What the doors of a person take: bounded texts."""

import pytest
from pydantic import ValidationError

from proximity.authority.people.forms import CorrectionRequest, ReadingsRequest


def test_a_correction_is_bounded_before_anything_looks_at_it():
    with pytest.raises(ValidationError):
        CorrectionRequest.model_validate({"values": {"name": "x" * 16_385}})


@pytest.mark.parametrize("before", [0, 2**53, "1", 1.5])
def test_the_place_to_go_on_reading_from_is_a_number_of_a_line(before):
    with pytest.raises(ValidationError):
        ReadingsRequest.model_validate({"before": before})
    assert ReadingsRequest.model_validate({}).before is None
