"""Whatever fits the OpenAPI document, or just does not, is answered as it says."""

import io

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# One worker: these tests share a server.
pytestmark = pytest.mark.xdist_group("authority_schema")

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 20
ADMIN = ("issue", "batch-issue", "checkcodestatus", "expirecode")


@pytest.fixture(scope="module")
def open_rig(make_rig):
    """Return an authority whose limits are wider than these tests."""
    return make_rig(
        minimum="20",
        allow_user_report="true",
        client_tries="1000000",
        realm_tries="1000000",
    )


@pytest.fixture(scope="module")
def schema(open_rig):
    document = io.BytesIO(open_rig.ask("/openapi.json").body)
    loaded = schemathesis.openapi.from_file(document)
    loaded.config.update(base_url="http://{}:{}".format(*open_rig.address))
    return loaded


def key_of(rig, path: str) -> dict[str, str]:
    kind = "stats" if "/stats/" in path else "device"
    if path.rpartition("/")[2] in ADMIN or path.startswith("/api/cases"):
        kind = "admin"
    return {"X-API-Key": rig.founded[f"{kind}_key"]}


def try_out(rig, operation, mode: GenerationMode) -> int:
    tried = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        nonlocal tried
        tried += 1
        # Every fifth without a key.
        headers = key_of(rig, operation.path) if tried % 5 else {}
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()
    return tried


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_it_is_described(open_rig, schema, mode):
    tried = {
        f"{operation.method} {operation.path}": try_out(open_rig, operation, mode)
        for operation in (each.ok() for each in schema.get_all_operations())
        # Nothing can be wrong in a request without a body.
        if mode is GenerationMode.POSITIVE or operation.body
    }

    assert "post /v1/publish" in {name.lower() for name in tried}
    assert len(tried) == (17 if mode is GenerationMode.POSITIVE else 8)


def test_the_server_lives_after_all_this(open_rig, new_keys):
    keys = new_keys(14)

    assert open_rig.publish(open_rig.request(keys)).json["insertedExposures"] == 14
    assert open_rig.ask("/readyz").status == 200
