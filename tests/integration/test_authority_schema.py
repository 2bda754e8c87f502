"""Whatever fits the OpenAPI document, or just does not, is answered as it says."""

import hashlib
import io
from typing import NamedTuple

import pytest
import schemathesis
from conftest import DAY, iso
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from proximity.authority.assembly import open_authority
from proximity.authority.people.model import (
    NewPerson,
    PersonField,
    PersonKind,
    citizen_sessions,
)
from proximity.authority.people.records import add_people

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
# Of doors that look a thing up before anything else.
EXAMPLES_OF_THINGS = 6
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


class Things(NamedTuple):
    """What there is to be asked about: without it nothing but 404 would be tried."""

    ref: str
    token: str
    session: str


@pytest.fixture
def things(open_rig) -> Things:
    fields = {"unit": "02653", "classification": "F0", "onset": iso(DAY - 3)}
    ref = open_rig.ask("/api/cases", fields, key="admin").json["ref"]
    token = open_rig.ask(f"/api/cases/{ref}/token", {}, key="admin").json["token"]
    authority = open_authority(open_rig.data, open_rig.environment)
    with authority.engine.begin() as connection:
        new = NewPerson("02653", PersonKind.CASE, {PersonField.NAME: "Lê An"})
        (person,) = add_people(authority, connection, [new])
        digest = hashlib.sha256(b"session").digest()
        row = {"digest": digest, "person": person, "until_s": 2**40}
        connection.execute(citizen_sessions.insert().values(row))
    authority.engine.dispose()
    return Things(ref, token, "session")


def headers_of(rig, path: str, things: Things) -> dict[str, str]:
    if path.startswith("/api/citizen"):
        return {"Authorization": f"Bearer {things.session}"}
    kind = "stats" if "/stats/" in path else "device"
    if path.rpartition("/")[2] in ADMIN or path.startswith("/api/cases"):
        kind = "admin"
    return {"X-API-Key": rig.founded[f"{kind}_key"]}


def is_of_things(path: str) -> bool:
    return path.startswith(("/api/cases", "/api/share", "/api/citizen"))


def ask_about(case, things: Things) -> None:
    """Name a thing that there is, in place of one that was made up."""
    if "ref" in (case.path_parameters or {}):
        case.path_parameters["ref"] = things.ref
    if case.path.startswith("/api/share") and isinstance(case.body, dict):
        case.body["token"] = things.token


def try_out(rig, operation, mode: GenerationMode, things: Things) -> set[int]:
    """Return the statuses that an operation has answered with."""
    tried, statuses = 0, set()
    examples = EXAMPLES_OF_THINGS if is_of_things(operation.path) else EXAMPLES

    @settings(
        max_examples=examples,
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
        # Every fifth without a key, every third about what there is not.
        headers = headers_of(rig, operation.path, things) if tried % 5 else {}
        if tried % 3:
            ask_about(case, things)
        answer = case.call_and_validate(headers=headers, checks=CHECKS)
        statuses.add(answer.status_code)

    check()
    return statuses


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_it_is_described(open_rig, schema, things, mode):
    operations = [each.ok() for each in schema.get_all_operations()]
    # The person is there until all else was asked.
    operations.sort(key=lambda each: each.path == "/api/citizen/erase")
    tried = {
        f"{each.method.lower()} {each.path}": try_out(open_rig, each, mode, things)
        for each in operations
        # Nothing can be wrong in a request without a body.
        if mode is GenerationMode.POSITIVE or each.body
    }

    assert "post /v1/publish" in tried
    assert len(tried) == (41 if mode is GenerationMode.POSITIVE else 23)
    if mode is GenerationMode.POSITIVE:
        for name in ("get /api/cases/{ref}", "post /api/citizen/record"):
            assert {200, 401} <= tried[name], name


def test_the_server_lives_after_all_this(open_rig, new_keys):
    keys = new_keys(14)

    assert open_rig.publish(open_rig.request(keys)).json["insertedExposures"] == 14
    assert open_rig.ask("/readyz").status == 200
