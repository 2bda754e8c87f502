"""The published directory over HTTP."""

import pytest
from fastapi import FastAPI

from proximity.authority.api_error import ApiError
from proximity.authority.publish.api import export_routes
from proximity.authority.publish.published_store import LocalFolder


@pytest.fixture
def app(authority):
    app = FastAPI()
    store = LocalFolder(authority.directory / "exports")
    store.put("1-2-00001.zip", b"zip")
    contacts = LocalFolder(authority.directory / "exports" / "recursive")
    contacts.put("3-4-00001.zip", b"of contacts")
    app.include_router(export_routes(authority, store, contacts))
    return app


def test_a_file_is_served_for_ever(app, ask):
    answer = ask(app, "/exports/1-2-00001.zip")

    assert answer.body == b"zip"
    assert "immutable" in answer.headers["cache-control"]


def test_the_index_is_empty_before_the_first_run(app, ask):
    answer = ask(app, "/exports/index.txt")

    assert (answer.status, answer.body) == (200, b"")


def test_the_index_tells_when_to_come_back(app, ask, authority):
    next_s = int(ask(app, "/exports/index.txt").headers["x-next-poll"])

    period_s = authority.settings.publish_every_s
    assert authority.now_s < next_s <= authority.now_s + period_s


def test_what_is_not_there_is_refused(app, ask):
    with pytest.raises(ApiError, match="no such file"):
        ask(app, "/exports/none.zip")


def test_keys_of_contacts_are_in_a_folder_of_their_own(app, ask):
    assert ask(app, "/exports/recursive/3-4-00001.zip").body == b"of contacts"
    assert ask(app, "/exports/recursive/index.txt").body == b""
    for path in ("/exports/3-4-00001.zip", "/exports/recursive/1-2-00001.zip"):
        with pytest.raises(ApiError, match="no such file"):
            ask(app, path)
