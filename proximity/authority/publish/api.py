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
from proximity.protocol.export_index import INDEX_NAME


def export_routes(authority: Authority, store: PublishedStore) -> APIRouter:
    """Return the index and the files that it names."""
    routes = APIRouter()

    @routes.get("/exports/{name:path}", response_class=Response)
    def export(name: str) -> Response:
        """Return a published file; any static server or CDN does the same."""
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

    return routes


def _next_poll(authority: Authority) -> dict[str, str]:
    """Hint when the next batch can be expected, Unix seconds."""
    period_s = authority.settings.publish_every_s
    return {"X-Next-Poll": str((authority.now_s // period_s + 1) * period_s)}
