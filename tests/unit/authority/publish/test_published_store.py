"""Where published files lie."""

import pytest

from proximity.authority.publish.published_store import (
    LocalFolder,
    ObjectStore,
    content_type,
    is_index,
    open_published_store,
)
from proximity.errors import FormatError, NetworkError


@pytest.fixture
def folder(tmp_path):
    return LocalFolder(tmp_path / "exports")


def test_a_file_comes_back_until_it_is_deleted(folder):
    folder.put("1-2-00001.zip", b"one")
    assert folder.get("1-2-00001.zip") == b"one"

    folder.delete("1-2-00001.zip")
    folder.delete("1-2-00001.zip")
    assert folder.get("1-2-00001.zip") is None


def test_a_file_is_put_twice_after_a_crash(folder, tmp_path):
    folder.put("1-2-00001.zip", b"one")
    folder.put("1-2-00001.zip", b"one")

    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["1-2-00001.zip"]
    assert (tmp_path / "exports/1-2-00001.zip").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b/c", "", "x" * 300, "é"])
def test_no_name_leads_out_of_the_folder(folder, name):
    assert folder.get(name) is None
    with pytest.raises(ValueError, match="no name"):
        folder.put(name, b"")


def test_a_link_is_not_followed(folder, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "exports" / "link.zip").symlink_to(tmp_path / "secret")

    assert folder.get("link.zip") is None


def test_the_settings_name_the_store(tmp_path):
    assert isinstance(open_published_store("", tmp_path / "e", {}), LocalFolder)
    store = open_published_store("s3://bucket/prefix", tmp_path, {})
    assert isinstance(store, ObjectStore)
    with pytest.raises(FormatError):
        open_published_store("ftp://host", tmp_path, {})


def test_a_store_that_is_not_there_is_named_without_its_credentials():
    options = {
        "endpoint": "http://127.0.0.1:1",
        "access_key_id": "who",
        "secret_access_key": "hidden",
        "region": "x",
    }
    store = ObjectStore("s3://bucket", options, retries=0)

    with pytest.raises(NetworkError) as caught:
        store.put("index.txt", b"")
    assert "hidden" not in str(caught.value)
    for use in (store.get, store.delete):
        with pytest.raises(NetworkError):
            use("index.txt")


def test_the_index_is_text():
    assert content_type("index.txt") == "text/plain"
    assert content_type("1-2-00001.zip") == "application/zip"


def test_what_is_for_another_region_lies_in_its_folder(folder, tmp_path):
    folder.put("LA/1-2-00001.zip", b"one")
    assert folder.replace("LA/index.txt", b"two", folder.look("LA/index.txt"))

    assert (tmp_path / "exports/LA/1-2-00001.zip").read_bytes() == b"one"
    assert folder.look("LA/index.txt").data == b"two"
    assert (tmp_path / "exports/LA/index.txt").stat().st_mode & 0o777 == 0o644
    assert is_index("LA/index.txt")
    assert not is_index("LA/1-2-00001.zip")
