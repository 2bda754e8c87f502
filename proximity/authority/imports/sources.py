"""The other authorities whose exports are imported."""

import urllib.parse
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, select

from proximity.authority.database import reading, upsert
from proximity.authority.imports.model import import_sources, imported_files
from proximity.authority.publish.model import is_region
from proximity.errors import FormatError, NothingStoredError, PolicyError
from proximity.protocol.export_index import INDEX_NAME
from proximity.protocol.index_history import RememberedIndex
from proximity.protocol.public_keys import (
    PinnedKey,
    encode_public_keys,
    parse_public_keys,
)

_MAX_URL_CHARACTERS = 2_000


class ImportSource(NamedTuple):
    """Another authority.

    Attributes
    ----------
    region : str
        Of the people whose keys it publishes.
    folder_url : str
        Address of its published directory, with "/" at its end.
    public_keys : tuple of PinnedKey
        By which its exports verify.
    remembered : RememberedIndex
        What its index listed last.
    """

    region: str
    folder_url: str
    public_keys: tuple[PinnedKey, ...]
    remembered: RememberedIndex


def new_source(region: str, url: str, public_keys: bytes, *, own: str) -> ImportSource:
    """Check what an operator says of another authority.

    Parameters
    ----------
    region : str
        Its region code.
    url : str
        Of its published directory, or of the index in it.
    public_keys : bytes
        Content of its public_keys.json.
    own : str
        The region of this authority.

    Returns
    -------
    ImportSource

    Raises
    ------
    PolicyError
        If the region is none, or that of this authority.
    FormatError
        If address or keys are none.
    """
    if not is_region(region) or region == own:
        raise PolicyError(
            "The region is not that of another authority.",
            "Give its region code, for example --region LA.",
        )
    return ImportSource(
        region, _folder(url), parse_public_keys(public_keys), RememberedIndex()
    )


def remember_source(connection: Connection, source: ImportSource) -> None:
    """Store another authority; one of the same region is replaced."""
    values = {
        "url": source.folder_url,
        "public_keys": encode_public_keys(source.public_keys).decode(),
        "index_lines": "\n".join(source.remembered.lines),
    }
    statement = upsert(connection, import_sources).values(
        region=source.region, **values
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[import_sources.c.region], set_=values
        )
    )


def forget_source(connection: Connection, region: str) -> None:
    """Stop to import from an authority; keys that were taken stay.

    Raises
    ------
    NothingStoredError
        If there is no such authority.
    """
    gone = connection.execute(
        delete(import_sources).where(import_sources.c.region == region)
    )
    if not gone.rowcount:
        raise NothingStoredError(
            "Nothing is imported from that region.",
            "`proximity authority import` without an address lists the regions.",
        )
    connection.execute(delete(imported_files).where(imported_files.c.region == region))


def stored_sources(engine: Engine) -> list[ImportSource]:
    """Return all other authorities, by region."""
    statement = select(import_sources).order_by(import_sources.c.region)
    with reading(engine) as connection:
        return [
            ImportSource(
                row.region,
                row.url,
                parse_public_keys(row.public_keys.encode()),
                RememberedIndex(tuple(row.index_lines.split())),
            )
            for row in connection.execute(statement)
        ]


def _folder(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        sound = parts.scheme in ("http", "https") and parts.hostname
        _ = parts.port
    except ValueError:
        sound = None
    if (
        not sound
        or parts.username is not None
        or not url.isascii()
        or len(url) > _MAX_URL_CHARACTERS
    ):
        raise FormatError(
            "The address of the other authority is none.",
            "Give the address of its published directory, https://…/exports/",
        )
    path = parts.path.removesuffix(INDEX_NAME)
    path += "" if path.endswith("/") else "/"
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, "", ""))
