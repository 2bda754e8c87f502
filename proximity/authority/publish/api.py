"""The published directory over HTTP; any static server or CDN does the same."""

from fastapi import APIRouter
from fastapi.responses import Response

from proximity.authority.api_error import ApiError
from proximity.authority.assembly import Authority
from proximity.authority.publish.published_store import (
    FILE_CACHE,
    INDEX_CACHE,
    PublishedStore,
    content_type,
    is_index,
)
from proximity.protocol.export_index import INDEX_NAME, RECURSIVE_FOLDER


def export_routes(
    authority: Authority, store: PublishedStore, recursive: PublishedStore
) -> APIRouter:
    """Return the indexes and the files that they name.

    Parameters
    ----------
    authority : Authority
    store, recursive : PublishedStore
        Of the keys of cases, and of those of contacts.
    """
    routes = APIRouter()

    @routes.get(f"/exports/{RECURSIVE_FOLDER}/{{name}}", response_class=Response)
    def recursive_export(name: str) -> Response:
        """Return a published file of keys of contacts."""
        return _file(authority, recursive, name)

    @routes.get("/exports/{name:path}", response_class=Response)
    def export(name: str) -> Response:
        """Return a published file; any static server or CDN does the same."""
        return _file(authority, store, name)

    return routes


def _file(authority: Authority, store: PublishedStore, name: str) -> Response:
    data = store.get(name)
    if data is None:
        if name != INDEX_NAME:
            raise ApiError(404, "not_found", "there is no such file")
        # Before the first run of the worker nothing is published.
        data = b""
    headers = {"Cache-Control": FILE_CACHE}
    if is_index(name):
        headers = {"Cache-Control": INDEX_CACHE} | _next_poll(authority)
    return Response(data, media_type=content_type(name), headers=headers)


def _next_poll(authority: Authority) -> dict[str, str]:
    """Hint when the next batch can be expected, Unix seconds."""
    period_s = authority.settings.publish_every_s
    return {"X-Next-Poll": str((authority.now_s // period_s + 1) * period_s)}
