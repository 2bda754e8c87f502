"""The OpenAPI document of the whole service."""

import jsonschema
import pytest

from proximity.authority.people.api import CITIZEN_DOORS
from proximity.authority.service.app import ServiceApp

PATHS = {
    "/api/verify",
    "/api/certificate",
    "/api/issue",
    "/api/batch-issue",
    "/api/checkcodestatus",
    "/api/expirecode",
    "/api/user-report",
    "/api/stats/realm.{form}",
    "/api/stats/realm/{name}.{form}",
    "/api/share/open",
    "/api/share/package",
    *("/api/cases" + path for path in ("", "/worklist", "/indicators", "/lines")),
    "/api/cases/transfers/{number}",
    "/api/cases/{ref}",
    *(
        f"/api/cases/{{ref}}/{name}"
        for name in (
            *("chain", "duplicates", "token", "contacts", "merge", "transfer"),
            "withdraw",
        )
    ),
    *(f"/api/citizen/{name}" for name in CITIZEN_DOORS),
    "/v1/publish",
    "/exports/{name}",
    "/exports/recursive/{name}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/.well-known/jwks.json",
}


OPEN = {"/api/citizen/code", "/api/citizen/session"}


@pytest.fixture
def document(authority, ask):
    return ask(ServiceApp(authority, {}), "/openapi.json").json


def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_path_is_described_and_no_other(document):
    assert set(document["paths"]) == PATHS


def test_no_framework_answer_is_left_that_is_never_given(document):
    for _, _, operation in operations(document):
        assert "422" not in operation["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_post_tells_of_slow_and_large_bodies(document):
    for _, method, operation in operations(document):
        if method == "post":
            assert {"400", "408", "413"} <= set(operation["responses"])


def test_what_needs_a_key_says_so(document):
    for path, _, operation in operations(document):
        # A person who asks for a session has a receipt, and no key.
        needs = path.startswith("/api/") and path not in OPEN
        assert bool(operation.get("security")) is needs, path


def test_chaff_is_described_on_its_three_doors(document):
    named = {
        path
        for path, _, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "X-Chaff"
    }

    assert named == {"/v1/publish", "/api/verify", "/api/certificate"}


def test_every_request_and_answer_has_an_example_that_fits_its_schema(document):
    schemas = document["components"]["schemas"]
    with_examples = {name for name, schema in schemas.items() if "examples" in schema}
    for name in with_examples:
        schema = {"$ref": f"#/components/schemas/{name}", "components": {}}
        schema["components"] = document["components"]
        for example in schemas[name]["examples"]:
            jsonschema.validate(example, schema)
    # What a bearer opens, or a line list as CSV, has no document as its body.
    contents = [
        operation["requestBody"]["content"]
        for _, _, operation in operations(document)
        if "requestBody" in operation
    ]
    bodies = {
        content["application/json"]["schema"]["$ref"]
        for content in contents
        if "text/csv" not in content
    }

    assert {name.rpartition("/")[2] for name in bodies} <= with_examples
    assert {"TokenRequest", "PackageRequest", "SessionRequest"} <= {
        name.rpartition("/")[2] for name in bodies
    }
    assert {"VerifyAnswer", "IssueAnswer", "PublishAnswer", "Refusal"} <= with_examples
