"""What the doors of verification take and give."""

import pytest
from pydantic import BaseModel, ValidationError

from proximity.authority.verification import forms

FORMS = [
    form
    for form in vars(forms).values()
    if isinstance(form, type)
    and issubclass(form, BaseModel)
    and "_" not in form.__name__
]


@pytest.mark.parametrize(
    "form", [f for f in FORMS if f is not BaseModel], ids=lambda form: form.__name__
)
def test_the_example_of_a_form_is_one(form):
    (example,) = form.model_config["json_schema_extra"]["examples"]

    assert form.model_validate(example).model_dump(exclude_unset=True) == example


def test_what_is_unknown_in_a_request_is_ignored():
    request = forms.VerifyRequest.model_validate({"code": "1", "later": [1]})

    assert request.model_dump() == {
        "code": "1",
        "accept": [],
        "nonce": "",
        "padding": "",
    }


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (forms.VerifyRequest, {}),
        (forms.VerifyRequest, {"code": 12345678}),
        (forms.VerifyRequest, {"code": "1" * 513}),
        (forms.VerifyRequest, {"code": "1", "accept": ["confirmed"] * 17}),
        (forms.CertificateRequest, {"token": "x" * 4_097, "ekeyhmac": ""}),
        (forms.IssueRequest, {"onlyGenerateSMS": "yes"}),
        (forms.IssueRequest, {"tzOffset": "420"}),
        (forms.IssueRequest, {"externalIssuerID": "x" * 256}),
        (forms.IssueRequest, {"externalIssuerID": "clinic\0"}),
        (forms.IssueRequest, {"externalIssuerID": "\ud800"}),
        (forms.BatchIssueRequest, {"codes": {}}),
        (forms.HandleRequest, {"uuid": None}),
    ],
)
def test_wrong_types_and_lengths_are_refused(form, body):
    with pytest.raises(ValidationError):
        form.model_validate(body)


def test_refusals_are_described_by_their_status():
    described = forms.refusals(400, 429)

    assert set(described) == {400, 429}
    assert all(each["model"] is forms.Refusal for each in described.values())
