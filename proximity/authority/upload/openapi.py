"""How `/v1/publish`, which goes past the framework, is described in the document."""

from typing import Any

import msgspec

from proximity.authority.upload.api import PATH
from proximity.authority.upload.model import PublishRequest

# Base64 of bytes that nobody uses: 16 of a key, 16 of an HMAC key.
_KEY = {
    "key": "AAECAwQFBgcICQoLDA0ODw==",
    "rollingStartNumber": 2966400,
    "rollingPeriod": 144,
    "transmissionRisk": 0,
}
_EXAMPLE = {
    "temporaryExposureKeys": [_KEY],
    "healthAuthorityID": "org.proximity",
    "verificationPayload": "eyJ…",
    "hmacKey": "Dw4NDAsKCQgHBgUEAwIBAA==",
    "symptomOnsetInterval": 0,
    "traveler": False,
    "revisionToken": "",
    "padding": "AAAA",
}
_FIELDS = {
    "temporaryExposureKeys": "1 to 30 keys, no two of them the same or overlapping.",
    "healthAuthorityID": "As the authority is named; also the certificate's issuer.",
    "verificationPayload": "The certificate, from `/api/certificate`.",
    "hmacKey": "Base64 of at least 16 bytes; by it the certificate names the keys.",
    "hmackey": "Another spelling of `hmacKey`.",
    "symptomOnsetInterval": "Counts if the certificate names none; 0 if not known.",
    "traveler": "Whether the person was in other regions.",
    "revisionToken": "From an earlier answer; needed to change the keys it is for.",
    "padding": "Ignored.",
}
_KEY_FIELDS = {
    "key": "Base64 of 16 bytes.",
    "rollingStartNumber": "Unix time of its begin in intervals of ten minutes.",
    "rollingPeriod": "1 to 144 intervals.",
    "transmissionRisk": "0 to 8; 0 lets the authority choose.",
}
_TEXT = {"type": "string"}
_SCHEMAS = {
    "PublishAnswer": {
        "type": "object",
        "required": ["revisionToken", "insertedExposures", "padding"],
        "properties": {
            "revisionToken": _TEXT,
            "insertedExposures": {"type": "integer", "minimum": 0},
            "warnings": {"type": "array", "items": _TEXT},
            "error": _TEXT,
            "code": {"type": "string", "enum": ["partial_failure"]},
            "padding": _TEXT,
        },
        "additionalProperties": False,
        "examples": [
            {"revisionToken": "AAAA", "insertedExposures": 14, "padding": "AAAA"}
        ],
    },
    "ChaffAnswer": {
        "type": "object",
        "required": ["padding"],
        "properties": {"padding": _TEXT},
        "additionalProperties": False,
    },
    "PublishRefusal": {
        "type": "object",
        "required": ["error", "code"],
        "properties": {"error": _TEXT, "code": _TEXT, "padding": _TEXT},
        "additionalProperties": False,
        "examples": [
            {
                "error": "too many exposure keys in publish: 31, max of 30 is allowed",
                "code": "bad_request",
                "padding": "AAAA",
            }
        ],
    },
}
_ANSWERS = {
    "200": ("Every accepted key is durable.", "PublishAnswer"),
    "400": ("Refused; `code` says why.", "PublishRefusal"),
    "401": ("Not certified.", "PublishRefusal"),
    "500": ("Nothing was stored; send it again.", "PublishRefusal"),
}


def openapi_path() -> dict[str, Any]:
    """Return path and schemas of `/v1/publish` for the OpenAPI document."""
    _, schemas = msgspec.json.schema_components(
        [PublishRequest], ref_template="#/components/schemas/{name}"
    )
    _describe(schemas["PublishRequest"], _FIELDS)
    _describe(schemas["KeyUpload"], _KEY_FIELDS)
    schemas["PublishRequest"]["examples"] = [_EXAMPLE]
    operation = {
        "summary": "Take in the keys of one person.",
        "description": "Needs no API key: the certificate is what opens.",
        "operationId": "publish",
        "requestBody": {"required": True, "content": _content("PublishRequest")},
        "responses": {
            status: {"description": text, "content": _content(schema)}
            for status, (text, schema) in _ANSWERS.items()
        },
    }
    return {"path": {PATH: {"post": operation}}, "schemas": schemas | _SCHEMAS}


def _describe(schema: dict[str, Any], fields: dict[str, str]) -> None:
    for name, text in fields.items():
        schema["properties"][name]["description"] = text


def _content(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"application/json": {"schema": schema}}
