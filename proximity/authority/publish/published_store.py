"""Where published files lie: a local folder, or an S3-compatible store."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol

from proximity.authority.publish.durable_files import (
    IMMUTABLE_MODE,
    PUBLIC_MODE,
    make_folder,
    write_whole,
)
from proximity.errors import FormatError, NetworkError
from proximity.protocol.export_index import INDEX_NAME

# A file never changes; whoever has it keeps it as long as it is listed.
FILE_CACHE = "public, max-age=1209600, immutable"
INDEX_CACHE = "public, max-age=300"
_RETRIES = 5
# What is for another region lies in a folder of its name.
_NAME = re.compile(r"([A-Za-z0-9-]{1,16}/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,200}")


class Seen(NamedTuple):
    """What a store held under a name; `tag` is the store's own name for it."""

    data: bytes | None
    tag: str | None = None


class PublishedStore(Protocol):
    """Holds files that the whole world may read, by their line in the index."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file whole; a reader sees the old content or the new."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none."""
        ...

    def look(self, name: str) -> Seen:
        """Return what is there, to be handed to `replace`."""
        ...

    def replace(self, name: str, data: bytes, seen: Seen) -> bool:
        """Write a file unless another process has changed it; tell whether it did."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; one that is gone already is no error."""
        ...


class LocalFolder:
    """A folder that any static server serves.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder, private=False)

    def put(self, name: str, data: bytes) -> None:
        """Write a file whole and durably."""
        mode = PUBLIC_MODE if is_index(name) else IMMUTABLE_MODE
        path = self._path(name)
        make_folder(path.parent, private=False)
        write_whole(path, data, mode=mode)

    def get(self, name: str) -> bytes | None:
        """Return a file, None if there is none."""
        if not _NAME.fullmatch(name):
            return None
        path = self._path(name)
        try:
            is_file = stat.S_ISREG(path.lstat().st_mode)
            return path.read_bytes() if is_file else None
        except FileNotFoundError:
            return None

    def look(self, name: str) -> Seen:
        """Return what is there."""
        return Seen(self.get(name))

    def replace(self, name: str, data: bytes, seen: Seen) -> bool:
        """Write a file; one process at a time works on a folder."""
        del seen
        self.put(name, data)
        return True

    def delete(self, name: str) -> None:
        """Remove a file."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("this is no name of a published file")
        return self._folder / name


class ObjectStore:
    """A bucket of an S3-compatible store.

    Parameters
    ----------
    url : str
        `s3://bucket/prefix`; credentials and endpoint come from the environment, by
        the names that all such programs use (`AWS_ACCESS_KEY_ID`, …).
    options : mapping
        Of obstore, for example {"endpoint": …}.
    retries : int
        How often a request is made again.
    """

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any] | None = None,
        *,
        retries: int = _RETRIES,
    ) -> None:
        # A native library, needed only where such a store is.
        from obstore.store import from_url

        config: Any = dict(options or {})
        client: Any = {"allow_http": True} if _is_plain(config) else {}
        retry: Any = {"max_retries": retries}
        self._store = from_url(
            url, config=config, client_options=client, retry_config=retry
        )

    def put(self, name: str, data: bytes) -> None:
        """Write an object; the store shows it when it is there in full."""
        self._put(name, data, "overwrite")

    def get(self, name: str) -> bytes | None:
        """Return an object, None if there is none."""
        return self.look(name).data

    def look(self, name: str) -> Seen:
        """Return an object with its tag."""
        import obstore

        if not _NAME.fullmatch(name):
            return Seen(None)
        try:
            found = obstore.get(self._store, name)
            return Seen(bytes(found.bytes()), found.meta["e_tag"])
        except FileNotFoundError:
            return Seen(None)
        except Exception as error:
            raise _failed() from error

    def replace(self, name: str, data: bytes, seen: Seen) -> bool:
        """Write an object on the condition that it is the one that was seen.

        A store that knows no conditions (`AWS_CONDITIONAL_PUT=disabled`) writes it
        anyway: there, only the lock of the database keeps two workers apart.
        """
        if seen.data is not None and seen.tag is None:
            self.put(name, data)
            return True
        mode: Any = "create" if seen.data is None else {"e_tag": seen.tag}
        return self._put(name, data, mode)

    def _put(self, name: str, data: bytes, mode: Any) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        attributes: Any = {
            "Cache-Control": INDEX_CACHE if is_index(name) else FILE_CACHE,
            "Content-Type": content_type(name),
        }
        try:
            obstore.put(self._store, name, data, attributes=attributes, mode=mode)
        except (AlreadyExistsError, PreconditionError):
            return False
        except NotImplementedError:
            return self._put(name, data, "overwrite")
        except Exception as error:
            raise _failed() from error
        return True

    def delete(self, name: str) -> None:
        """Remove an object."""
        import obstore

        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except Exception as error:
            raise _failed() from error


def open_published_store(
    url: str, folder: Path, environment: Mapping[str, str]
) -> PublishedStore:
    """Return the store that the settings name.

    Raises
    ------
    FormatError
        If the address is of another kind.
    """
    if not url:
        return LocalFolder(folder)
    if not url.startswith("s3://"):
        raise FormatError(
            "The address of the published store is not one of S3.",
            "Give `store_url` as s3://bucket/prefix, or nothing for a local folder.",
        )
    endpoint = environment.get("AWS_ENDPOINT_URL")
    return ObjectStore(url, {"endpoint": endpoint} if endpoint else None)


def content_type(name: str) -> str:
    """Return the media type of a published file."""
    kinds = {".txt": "text/plain", ".json": "application/json"}
    return kinds.get(PurePosixPath(name).suffix, "application/zip")


def is_index(name: str) -> bool:
    """Tell whether a name is that of an index, of whichever region."""
    return name.rpartition("/")[2] == INDEX_NAME


def _is_plain(config: Mapping[str, Any]) -> bool:
    return str(config.get("endpoint", "")).startswith("http://")


def _failed() -> NetworkError:
    return NetworkError(
        "The published store did not do what was asked.",
        "Check its address, credentials and space; the next run goes on from here.",
    )
