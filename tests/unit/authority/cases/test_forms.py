"""What the doors of cases take: named fields, each bounded."""

import pytest
from pydantic import ValidationError

from proximity.authority.cases.forms import (
    CaseFields,
    ChangeRequest,
    OpenRequest,
    WithdrawRequest,
)


def test_only_fields_that_were_named_are_given():
    fields = CaseFields.model_validate({"from": "2026-05-18", "assigned": None})

    assert fields.given == {"from": "2026-05-18", "assigned": None}
    assert CaseFields().given == {}


@pytest.mark.parametrize(
    "fields",
    [{"from_": "2026-05-18"}, {"salary": 1}, {"person": "1"}, {"unit": "x" * 255}],
)
def test_a_field_that_a_case_has_not_is_refused(fields):
    with pytest.raises(ValidationError):
        ChangeRequest.model_validate({"fields": fields})


def test_a_withdrawal_names_the_officer_who_asks():
    with pytest.raises(ValidationError):
        WithdrawRequest.model_validate({"officer": "<b>"})


def test_what_fills_a_request_of_a_device_up_is_ignored():
    body = {"token": "T", "publicKey": "00" * 32, "padding": "AAAA"}

    assert set(OpenRequest.model_validate(body).model_dump()) == {"token", "public_key"}
