"""The other authorities whose exports are imported."""

import pytest

from proximity.authority.imports.sources import (
    forget_source,
    new_source,
    remember_source,
    stored_sources,
)
from proximity.errors import FormatError, NothingStoredError, PolicyError
from proximity.protocol.index_history import RememberedIndex

URL = "https://health.example.la/exports/"


def test_a_source_is_stored_and_comes_back(authority, source):
    (stored,) = stored_sources(authority.engine)

    assert stored == source
    assert stored.remembered == RememberedIndex()


def test_a_region_has_one_source(authority, other, source):
    moved = new_source("LA", "https://new.example.la/e/", other.public_keys, own="VN")
    with authority.engine.begin() as connection:
        remember_source(connection, moved)

    assert stored_sources(authority.engine) == [moved]


@pytest.mark.parametrize("url", [URL, URL[:-1], URL + "index.txt", URL + "?x#y"])
def test_the_address_is_that_of_the_folder_or_of_its_index(other, url):
    assert new_source("LA", url, other.public_keys, own="VN").folder_url == URL


@pytest.mark.parametrize(
    "url",
    [
        "ftp://health.example.la/",
        "https://user:secret@health.example.la/",
        "file:///etc/passwd",
        "https://[",
        "https://x:port/",
        "https://é.example/",
        "https://x/" + "a" * 2_000,
    ],
)
def test_another_address_is_refused_and_not_repeated(other, url):
    with pytest.raises(FormatError) as caught:
        new_source("LA", url, other.public_keys, own="VN")
    assert "secret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("region", ["VN", "", "LA/..", "x" * 17])
def test_the_region_is_that_of_another_authority(other, region):
    with pytest.raises(PolicyError):
        new_source(region, URL, other.public_keys, own="VN")


def test_keys_that_are_none_are_refused():
    with pytest.raises(FormatError):
        new_source("LA", URL, b"{}", own="VN")


def test_a_source_is_forgotten_once(authority, source):
    with authority.engine.begin() as connection:
        forget_source(connection, "LA")
        with pytest.raises(NothingStoredError):
            forget_source(connection, "LA")
    assert stored_sources(authority.engine) == []
