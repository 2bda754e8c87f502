"""Which addresses are fetched, and that nothing else leaves the process."""

import pytest

from proximity.client.network import HttpNetwork, split_http_url
from proximity.errors import NetworkError


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/index.txt",
        "data:text/plain,x",
        "example.org/index.txt",
        "https://",
        "https:///index.txt",
        "https://name:word@example.org/",
        "https://example.org:port/",
        "https://example.org:70000/",
        "https://[::1/",
        "https://ví-dụ.vn/",
        "",
    ],
)
def test_an_address_that_is_not_of_a_web_server_is_refused(url: str):
    with pytest.raises(NetworkError, match="not one of a web server"):
        HttpNetwork().get(url, 10)


def test_a_fragment_is_not_part_of_what_is_fetched():
    assert split_http_url("https://example.org:81/a?b#c").geturl() == (
        "https://example.org:81/a?b"
    )


def test_an_error_does_not_repeat_the_address():
    with pytest.raises(NetworkError) as caught:
        split_http_url("https://name:secret@example.org/")

    assert "secret" not in str(caught.value) + caught.value.hint


def test_nothing_is_posted_to_what_is_no_web_server():
    with pytest.raises(NetworkError, match="not one of a web server"):
        HttpNetwork().post("ftp://example.org/", b"x", {}, max_bytes=10)


def test_a_server_that_is_not_there_gets_nothing_posted():
    with pytest.raises(NetworkError, match="could not give"):
        HttpNetwork().post("http://127.0.0.1:1/", b"x", {}, max_bytes=10)
