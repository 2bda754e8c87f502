"""The whole service as one ASGI application."""

import asyncio
import json

import pytest

from proximity.authority.service.app import ServiceApp
from proximity.authority.service.chaff import KEPT


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
    for size in range(3_000, 3_000 + KEPT):
        app._mirrors["/v1/publish"].observe(0.0, size)
    sizes = {
        len(ask(app, "/v1/publish", b"\xff garbage", {"X-Chaff": "1"}).body)
        for _ in range(40)
    }

    assert len(sizes) > 10
    assert sizes <= set(range(3_000, 3_000 + KEPT))


@pytest.mark.parametrize("path", ["/v1/publish", "/api/verify", "/api/certificate"])
def test_chaff_needs_no_key_on_all_three_doors(app, ask, path):
    answer = ask(app, path, {}, {"X-Chaff": "1"})

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"


def test_a_refusal_is_not_what_chaff_looks_like(app, ask):
    before = list(app._mirrors["/v1/publish"]._seen)
    ask(app, "/v1/publish", b"{")

    assert list(app._mirrors["/v1/publish"]._seen) == before


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("/v1/publish", {"code": "bad_request"}),
        ("/api/verify", {"errorCode": "unparsable_request"}),
    ],
)
def test_a_body_over_the_limit_is_refused_in_the_words_of_its_api(
    app, ask, path, refusal
):
    answer = ask(app, path, b"x" * 65_537)

    assert answer.status == 413
    assert refusal.items() <= answer.json.items()


@pytest.mark.parametrize("path", ["/v1/publish", "/api/verify", "/api/certificate"])
def test_chaff_and_a_real_answer_have_the_same_headers(app, ask, path):
    real, chaff = (ask(app, path, {}, more) for more in ({}, {"X-Chaff": "1"}))

    assert list(real.headers) == list(chaff.headers)
    assert real.headers | {"content-length": ""} == chaff.headers | {
        "content-length": ""
    }
    assert real.headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_counted_and_told_without_its_words(
    app, ask, authority, monkeypatch
):
    async def fail(_body):
        raise RuntimeError("the key is 12345678")

    monkeypatch.setattr(app._door, "_publish", fail)
    answer = ask(app, "/v1/publish", {})

    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "12345678" not in answer.body.decode()
    counted = 'requests_total{path="/v1/publish",status="500"} 1'
    assert counted in ask(app, "/metrics").body.decode()


def test_a_path_is_never_logged_as_it_was_asked(app, ask):
    for path in ("/api/12345678", "/exports/12345678.zip", "/api/stats/realm/1234.csv"):
        ask(app, path)
    text = ask(app, "/metrics").body.decode()

    assert "1234" not in text
    for name in ("other", "/exports/*.zip", "/api/stats/realm/*"):
        assert f'path="{name}"' in text


def test_what_is_not_there_or_not_allowed_has_a_json_answer(app, ask):
    assert ask(app, "/none").status == 404
    assert ask(app, "/api/verify").status == 405
    assert ask(app, "/none").json["errorCode"] == "not_found"
    assert ask(app, "/api/verify").json["errorCode"] == "method_not_allowed"
    publish = ask(app, "/v1/publish")
    assert (publish.status, publish.headers["allow"]) == (405, "POST")
    assert publish.json["code"] == "method_not_allowed"


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
