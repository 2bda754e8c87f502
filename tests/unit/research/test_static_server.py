"""A static server on loopback, as a client's network sees it."""

import http.client
import urllib.parse

import pytest

from proximity.client.network import HttpNetwork
from proximity.errors import NetworkError
from proximity.research.static_server import serve_folder


@pytest.fixture
def folder(tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "secret.txt").write_text("not for others", "utf-8")
    return served


def fetch(url):
    return HttpNetwork().get(url, 1_000)


def test_a_file_is_served_as_it_is(folder):
    (folder / "index.txt").write_bytes(bytes(range(256)))

    with serve_folder(folder) as address:
        assert fetch(address + "index.txt") == bytes(range(256))


def test_a_folder_may_be_made_and_filled_while_it_is_served(folder):
    with serve_folder(folder / "later") as address:
        with pytest.raises(NetworkError):
            fetch(address + "index.txt")
        (folder / "later").mkdir()
        (folder / "later" / "index.txt").write_bytes(b"1.zip")

        assert fetch(address + "index.txt") == b"1.zip"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"]
)
def test_nothing_beside_the_folder_is_served(folder, path):
    with serve_folder(folder) as address:
        # Asked directly: a client of ours would not send such a path.
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()

    assert status == 404


def test_only_this_machine_is_served(folder):
    with serve_folder(folder) as address:
        parts = urllib.parse.urlsplit(address)

    assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/")


def test_who_fetches_is_not_logged(folder, capfd, caplog):
    with serve_folder(folder) as address, pytest.raises(NetworkError, match="404"):
        fetch(address + "missing.zip")

    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_it_ends_with_its_block(folder):
    with serve_folder(folder) as address:
        pass

    with pytest.raises(NetworkError):
        fetch(address)


def test_two_servers_do_not_meet(folder):
    with serve_folder(folder) as one, serve_folder(folder) as other:
        assert one != other
