"""From an index to the exports not processed yet."""

import pytest

from proximity.client.fetch import fetch_exports
from proximity.errors import FormatError, NetworkError, TooLargeError
from proximity.protocol.index_history import RememberedIndex

NOW_S = 1_600_000_000
DAY_S = 86_400


def line(end_days_ago: float) -> str:
    end_s = int(NOW_S - end_days_ago * DAY_S)
    return f"{end_s - DAY_S}-{end_s}-00001.zip"


OLD, MIDDLE, NEW = line(10), line(5), line(1)
# Old enough that the authority has taken it away.
EXPIRED = line(15)


class FakeNetwork:
    """Answers from memory; a value that is an error is raised."""

    def __init__(self, *lines: str, **changes: bytes | Exception) -> None:
        self.asked: list[str] = []
        self.files: dict[str, bytes | Exception] = {
            "index.txt": "\n".join(sorted(lines)).encode(),
            **{name: name.encode() for name in lines},
            **changes,
        }

    def get(self, url: str, max_bytes: int) -> bytes:
        assert max_bytes > 0
        self.asked.append(url)
        content = self.files[url.removeprefix("https://example.org/exports/")]
        if isinstance(content, Exception):
            raise content
        return content


def fetch(
    network: FakeNetwork,
    *processed: str,
    known: RememberedIndex = RememberedIndex(),  # noqa: B008
    url: str = "https://example.org/exports/",
):
    return fetch_exports(url, known, network, processed=processed, now_s=NOW_S)


def test_files_not_processed_yet_come_oldest_first():
    result = fetch(FakeNetwork(NEW, OLD, MIDDLE), MIDDLE)

    assert result.names == (OLD, NEW)
    assert [(e.name, e.content) for e in result.exports] == [
        (OLD, OLD.encode()),
        (NEW, NEW.encode()),
    ]


def test_what_the_index_lists_is_remembered():
    assert fetch(FakeNetwork(NEW, OLD)).remembered == RememberedIndex((OLD, NEW))


def test_a_file_is_fetched_only_when_it_is_asked_for():
    network = FakeNetwork(OLD, NEW)

    next(fetch(network).exports)

    assert network.asked == [
        "https://example.org/exports/index.txt",
        f"https://example.org/exports/{OLD}",
    ]


@pytest.mark.parametrize(
    "error", [NetworkError("away", "later"), TooLargeError("large", "tell")]
)
def test_a_file_that_fails_does_not_block_the_others(error: Exception):
    result = fetch(FakeNetwork(OLD, NEW, **{OLD: error}))

    failed, fetched = result.exports
    assert (failed.name, failed.content, failed.error) == (OLD, None, error)
    assert fetched.content == NEW.encode()


def test_a_file_that_failed_is_tried_again_next_time():
    first = fetch(FakeNetwork(OLD, **{OLD: NetworkError("away", "later")}))
    list(first.exports)

    second = fetch(FakeNetwork(OLD), known=first.remembered)

    assert [e.content for e in second.exports] == [OLD.encode()]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/exports",
        "https://example.org/exports/",
        "https://example.org/exports/index.txt",
        "https://example.org/exports/index.txt?x#y",
    ],
)
def test_the_address_is_that_of_the_folder_or_of_its_index(url: str):
    assert fetch(FakeNetwork(NEW), url=url).names == (NEW,)


@pytest.mark.parametrize(
    "index", [b"\xff", b"../keys/v1.pem", b"https://example.net/x.zip", b"b\na"]
)
def test_a_malformed_index_is_a_format_error(index: bytes):
    with pytest.raises(FormatError):
        fetch(FakeNetwork(**{"index.txt": index}))


def test_an_index_that_cannot_be_had_is_a_network_error():
    with pytest.raises(NetworkError):
        fetch(FakeNetwork(**{"index.txt": NetworkError("away", "later")}))


def test_the_repr_of_a_fetched_file_does_not_show_its_content():
    (export,) = fetch(FakeNetwork(NEW)).exports

    assert repr(export) == f"<FetchedExport {NEW} {len(NEW)} bytes>"
