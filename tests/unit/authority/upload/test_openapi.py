"""The description of `/v1/publish`."""

import json

import msgspec

from proximity.authority.upload.model import PublishRequest
from proximity.authority.upload.openapi import openapi_path


def test_every_field_is_named_and_explained():
    described = openapi_path()
    for name in ("PublishRequest", "KeyUpload"):
        fields = described["schemas"][name]["properties"]
        assert all(field["description"] for field in fields.values())

    assert set(described["schemas"]["PublishRequest"]["properties"]) == {
        field.encode_name for field in msgspec.structs.fields(PublishRequest)
    }
    assert set(described["path"]["/v1/publish"]) == {"post"}


def test_every_answer_has_a_schema():
    described = openapi_path()
    answers = described["path"]["/v1/publish"]["post"]["responses"]

    assert set(answers) == {"200", "400", "401", "500"}
    for answer in answers.values():
        reference = answer["content"]["application/json"]["schema"]["$ref"]
        assert reference.rpartition("/")[2] in described["schemas"]
    assert json.dumps(described)
