"""Published files in an S3-compatible store: moto's server, a simulator of one."""

import pytest
from s3_simulator import S3Simulator

from proximity.authority.publish.published_store import ObjectStore, Seen

NAME = "1-2-00001.zip"
CREDENTIALS = {"access_key_id": "testing", "secret_access_key": "testing"}


@pytest.fixture(scope="module")
def simulator():
    simulator = S3Simulator()
    yield simulator
    simulator.close()


@pytest.fixture
def open_store(simulator):
    def opened(**options: str) -> ObjectStore:
        endpoint = f"http://{simulator.host}:{simulator.port}"
        where = {"endpoint": endpoint, "region": "us-east-1"}
        return ObjectStore("s3://bucket/exports", CREDENTIALS | where | options)

    return opened


@pytest.fixture
def store(open_store):
    return open_store()


def test_a_file_comes_back_until_it_is_deleted(store):
    store.put(NAME, b"one")
    assert store.get(NAME) == b"one"

    store.delete(NAME)
    store.delete(NAME)
    assert store.get(NAME) is None


def test_a_file_is_put_twice_after_a_crash(store):
    store.put(NAME, b"one")
    store.put(NAME, b"one")

    assert store.get(NAME) == b"one"


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        (NAME, ("application/zip", True)),
        ("index.txt", ("text/plain", False)),
    ],
)
def test_a_file_is_served_with_its_kind_and_how_long_it_holds(
    store, simulator, name, headers
):
    store.put(name, b"content")

    status, body, told = simulator.request("GET", f"/bucket/exports/{name}")
    assert (status, body) == (200, b"content")
    is_immutable = "immutable" in told["Cache-Control"]
    assert (told["Content-Type"], is_immutable) == headers


def test_an_index_is_replaced_only_by_who_has_seen_it(store):
    store.delete("index.txt")
    before = store.look("index.txt")
    assert before == Seen(None)
    assert store.replace("index.txt", b"one", before)
    assert not store.replace("index.txt", b"two", before)
    seen = store.look("index.txt")
    assert seen.data == b"one"
    assert store.replace("index.txt", b"three", seen)
    assert not store.replace("index.txt", b"four", seen)
    assert store.get("index.txt") == b"three"


def test_a_store_without_conditions_is_written_anyway(open_store):
    plain = open_store(conditional_put="disabled")
    plain.put("index.txt", b"one")

    assert plain.replace("index.txt", b"two", Seen(b"none", '"other"'))
    assert plain.get("index.txt") == b"two"


@pytest.mark.parametrize("name", ["../secret", "a/b/c", ".hidden", ""])
def test_a_name_that_is_none_is_not_asked_for(store, name):
    assert store.get(name) is None
