"""From an index to the exports not processed yet."""

from types import SimpleNamespace

import pytest

from proximity.client import fetch as module
from proximity.client.fetch import RememberedIndex, check_name, fetch_exports
from proximity.errors import FormatError, NetworkError, ReplayedError, TooLargeError

NOW_S = 1_600_000_000
DAY_S = 86_400


def line(end_days_ago: float) -> str:
    end_s = int(NOW_S - end_days_ago * DAY_S)
    return f"{end_s - DAY_S}-{end_s}-00001.zip"


OLD, MIDDLE, NEW = line(10), line(5), line(1)
# Old enough that the authority has taken it away.
EXPIRED = line(15)


def advance_index(known: RememberedIndex, lines: list[str], *, proven=None):
    """Compare two indexes of which every remembered line was proved."""
    proven = known.lines if proven is None else proven
    return module.advance_index(known, lines, proven=proven, now_s=NOW_S)


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


def test_late_files_may_appear_anywhere():
    known = RememberedIndex((OLD, NEW))

    assert advance_index(known, [OLD, MIDDLE, NEW]).lines == (
        OLD,
        MIDDLE,
        NEW,
    )


def test_the_oldest_files_may_vanish_once_they_are_old():
    known = RememberedIndex((EXPIRED, OLD))

    assert advance_index(known, [OLD, NEW]).lines == (OLD, NEW)


@pytest.mark.parametrize("lines", [[OLD, NEW], [OLD, MIDDLE], [NEW], [], [MIDDLE, NEW]])
def test_a_file_that_vanishes_too_early_is_refused(lines: list[str]):
    known = RememberedIndex((OLD, MIDDLE, NEW))

    with pytest.raises(ReplayedError, match="gone too early"):
        advance_index(known, lines)


def test_an_old_file_may_not_vanish_from_the_middle():
    known = RememberedIndex((line(20), EXPIRED, NEW))

    with pytest.raises(ReplayedError, match="middle"):
        advance_index(known, [line(20), NEW])


def test_after_a_long_absence_all_files_may_be_new():
    known = RememberedIndex((line(40), line(30)))

    assert advance_index(known, [OLD, NEW]).lines == (OLD, NEW)


def test_after_a_long_absence_an_older_index_is_still_refused():
    known = RememberedIndex((line(30), EXPIRED))

    with pytest.raises(ReplayedError, match="newest file is older"):
        advance_index(known, [line(16)])


def test_an_index_that_ran_empty_does_not_make_it_forget_the_newest():
    emptied = advance_index(RememberedIndex((line(30), EXPIRED)), [])

    assert emptied == RememberedIndex((EXPIRED,))
    with pytest.raises(ReplayedError):
        advance_index(emptied, [line(30)])


def test_an_authority_may_begin_with_an_empty_index():
    assert advance_index(RememberedIndex(), []) == RememberedIndex()


def test_names_without_times_may_vanish_oldest_first_only():
    known = RememberedIndex(("a.zip", "b.zip", "c.zip"))

    assert advance_index(known, ["b.zip", "c.zip"])
    with pytest.raises(ReplayedError):
        advance_index(known, ["a.zip", "c.zip"])


FAR_FUTURE = "9999999990-9999999999-00001.zip"


@pytest.mark.parametrize("invented", [FAR_FUTURE, line(0.5), line(7), "zzz.zip"])
def test_a_line_that_was_never_proved_does_not_block_honest_indexes(invented: str):
    poisoned = advance_index(RememberedIndex((OLD, NEW)), [OLD, NEW, invented])

    healed = advance_index(poisoned, [OLD, NEW], proven=(OLD, NEW))

    assert healed.lines == (OLD, NEW)


def test_a_true_file_under_a_name_of_the_future_does_not_block_honest_indexes():
    poisoned = advance_index(RememberedIndex((OLD,)), [OLD, FAR_FUTURE])

    assert FAR_FUTURE not in poisoned.lines
    assert advance_index(poisoned, [OLD, NEW], proven=(OLD, FAR_FUTURE))


def test_an_older_index_is_refused_also_when_the_proofs_are_forgotten():
    known = RememberedIndex((line(30), EXPIRED))

    with pytest.raises(ReplayedError, match="newest file is older"):
        advance_index(known, [line(16)], proven=())


def test_a_name_with_a_folder_before_it_tells_its_time_too():
    known = RememberedIndex((f"vn/{MIDDLE}",))

    with pytest.raises(ReplayedError):
        advance_index(known, [f"vn/{NEW}"])


def test_the_repr_of_a_fetched_file_does_not_show_its_content():
    (export,) = fetch(FakeNetwork(NEW)).exports

    assert repr(export) == f"<FetchedExport {NEW} {len(NEW)} bytes>"


EXPORT = SimpleNamespace(start_s=1_000, end_s=2_000)


@pytest.mark.parametrize(
    "name",
    ["1000-2000-00001.zip", "vn/1000-2000-00003.zip", "1000-1998-00002.zip", "a.zip"],
)
def test_a_name_with_the_signed_times_or_with_none_is_believed(name: str):
    check_name(name, EXPORT)


@pytest.mark.parametrize(
    "name",
    [
        "1000-2001-00001.zip",
        "1001-2000-00001.zip",
        "1000-1998-00001.zip",
        "vn/1000-9999999999-00001.zip",
    ],
)
def test_a_name_with_the_times_of_another_is_refused(name: str):
    with pytest.raises(ReplayedError, match="time of another"):
        check_name(name, EXPORT)
