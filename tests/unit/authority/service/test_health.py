"""What the service tells operators."""

import pytest
from fastapi import FastAPI

from proximity.authority.service.health import health_routes
from proximity.authority.service.metrics import Metrics


@pytest.fixture
def app(authority):
    app = FastAPI()
    app.include_router(health_routes(authority, Metrics()))
    return app


def test_it_lives_and_is_ready(app, ask):
    assert ask(app, "/healthz").status == 200
    assert ask(app, "/readyz").json == {"status": "ready"}


def test_an_old_schema_is_alive_and_not_ready(app, ask, authority):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    answer = ask(app, "/readyz")
    assert (answer.status, answer.json["error"]) == (503, "SchemaVersionError")
    assert ask(app, "/healthz").status == 200


def test_secrets_that_do_not_open_are_not_ready(app, ask, authority, make_authority):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE secrets SET wrapped = x'00'")
    authority.clock.now_s += 61

    answer = ask(app, "/readyz")
    assert (answer.status, answer.json["error"]) == (503, "StoreError")


def test_metrics_have_what_only_the_database_knows(app, ask):
    text = ask(app, "/metrics").body.decode()

    assert "proximity_waiting_keys 0" in text
    assert "proximity_newest_batch_end_seconds 0" in text


def test_metrics_are_told_while_the_database_is_away(app, ask, authority):
    with authority.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE batches")
    answer = ask(app, "/metrics")

    assert answer.status == 200
    assert "proximity_database_up 0" in answer.body.decode()
    assert "proximity_waiting_keys" not in answer.body.decode()
