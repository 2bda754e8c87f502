"""The whole service as one ASGI application."""

import asyncio
import json

import pytest

from proximity.authority.service.app import ServiceApp
from proximity.authority.service.chaff import Seen


@pytest.fixture
def app(authority):
    return ServiceApp(authority, {})


def test_every_fixed_path_is_there(app, ask):
    document = ask(app, "/openapi.json").json

    assert {
        "/api/verify",
        "/api/certificate",
        "/api/issue",
        "/api/batch-issue",
        "/api/checkcodestatus",
        "/api/expirecode",
        "/api/user-report",
        "/v1/publish",
        "/exports/{name}",
        "/healthz",
        "/readyz",
        "/metrics",
        "/.well-known/jwks.json",
    } <= set(document["paths"])
    reference = document["paths"]["/v1/publish"]["post"]["requestBody"]
    assert "PublishRequest" in json.dumps(reference)
    assert "PublishRequest" in document["components"]["schemas"]


def test_chaff_is_answered_like_a_real_request_without_its_body_being_read(app, ask):
    app._mirrors["/v1/publish"].observe(0.0, 3_000)
    sizes = {
        len(ask(app, "/v1/publish", b"\xff garbage", {"X-Chaff": "1"}).body)
        for _ in range(40)
    }

    assert 3_000 in sizes
    assert sizes <= {3_000, 4_200}


@pytest.mark.parametrize("path", ["/v1/publish", "/api/verify", "/api/certificate"])
def test_chaff_needs_no_key_on_all_three_doors(app, ask, path):
    answer = ask(app, path, {}, {"X-Chaff": "1"})

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"


def test_a_refusal_is_not_what_chaff_looks_like(app, ask):
    ask(app, "/v1/publish", b"{")

    assert app._mirrors["/v1/publish"].draw() == Seen(0.006, 4_200)


def test_a_body_over_the_limit_is_refused(app, ask):
    for path in ("/v1/publish", "/api/verify"):
        assert ask(app, path, b"x" * 65_537).status == 413


def test_what_is_not_there_or_not_allowed_has_a_json_answer(app, ask):
    assert ask(app, "/none").status == 404
    assert ask(app, "/api/verify").status == 405
    assert ask(app, "/v1/publish").status == 404
    assert ask(app, "/none").json["errorCode"] == "bad_request"


def test_a_database_that_fails_is_503(app, ask, authority, founded):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE secrets")
    answer = ask(app, "/api/verify", {"code": "1"}, {"x-api-key": founded.device_key})

    assert (answer.status, answer.json["errorCode"]) == (503, "internal_server_error")


def test_it_starts_and_ends_with_its_writer(authority):
    app, sent = ServiceApp(authority, {}), []
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message["type"])

    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    asyncio.run(app(scope, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
