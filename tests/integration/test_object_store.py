"""Published files in an S3-compatible store: moto's server, a simulator of one."""

import http.client

import pytest
from moto.server import ThreadedMotoServer

from proximity.authority.publish.published_store import ObjectStore

NAME = "1-2-00001.zip"
CREDENTIALS = {"access_key_id": "testing", "secret_access_key": "testing"}


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # Open for reading, as one behind a CDN is.
    client = http.client.HTTPConnection(host, port)
    client.request("PUT", "/bucket", headers={"x-amz-acl": "public-read"})
    assert client.getresponse().status == 200
    client.close()
    yield host, port
    server.stop()


@pytest.fixture
def store(endpoint):
    host, port = endpoint
    options = {"endpoint": f"http://{host}:{port}", "region": "us-east-1"}
    return ObjectStore("s3://bucket/exports", CREDENTIALS | options)


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
    store, endpoint, name, headers
):
    store.put(name, b"content")

    client = http.client.HTTPConnection(*endpoint)
    client.request("GET", f"/bucket/exports/{name}")
    answer = client.getresponse()
    assert answer.read() == b"content"
    is_immutable = "immutable" in answer.headers["Cache-Control"]
    assert (answer.headers["Content-Type"], is_immutable) == headers
    client.close()
