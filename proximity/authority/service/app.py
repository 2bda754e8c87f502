"""The whole service as one ASGI application.

`/v1/publish` goes past the framework; everything else is a route of it. Around both
stand the bounds of bodies, the chaff, the metrics and the log.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from proximity.authority.api_error import ApiError, unparsable
from proximity.authority.assembly import Authority
from proximity.authority.audit.deeds import deed_audit
from proximity.authority.cases import line_api
from proximity.authority.cases.api import case_routes
from proximity.authority.cases.line_api import line_routes
from proximity.authority.cases.share_api import (
    MAX_SHARE_BYTES,
    OPEN_PATH,
    PACKAGE_PATH,
    share_routes,
)
from proximity.authority.console.features import build_registry
from proximity.authority.console.registry import PREFIX
from proximity.authority.console.site import Console
from proximity.authority.console.visit import Audit
from proximity.authority.people.api import CITIZEN_DOORS, CITIZEN_PREFIX, citizen_routes
from proximity.authority.publish.api import export_routes
from proximity.authority.publish.published_store import open_published_store
from proximity.authority.publish.recursive import recursive_store
from proximity.authority.service.bodies import (
    MAX_BODY_BYTES,
    BodyError,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    read_body,
    replay,
)
from proximity.authority.service.chaff import ChaffMirror, Seen, chaff_body
from proximity.authority.service.health import health_routes
from proximity.authority.service.metrics import Metrics
from proximity.authority.service.structured_log import log_event
from proximity.authority.upload.api import PATH, PublishDoor, openapi_path
from proximity.authority.upload.writer import UploadWriter
from proximity.authority.verification.api import (
    admin_routes,
    device_routes,
    open_routes,
)
from proximity.authority.verification.statistics import statistics_routes
from proximity.errors import ProximityError

_JSON = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
]
# What answers look like before the first real one of a process.
_FIRST = {
    PATH: Seen(0.006, 4_200),
    "/api/verify": Seen(0.008, 640),
    "/api/certificate": Seen(0.008, 720),
}
_KNOWN = {
    PATH,
    "/api/verify",
    "/api/certificate",
    "/api/issue",
    "/api/batch-issue",
    "/api/checkcodestatus",
    "/api/expirecode",
    "/api/user-report",
    *(f"{CITIZEN_PREFIX}/{name}" for name in CITIZEN_DOORS),
    "/exports/index.txt",
    "/exports/recursive/index.txt",
    OPEN_PATH,
    PACKAGE_PATH,
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/.well-known/jwks.json",
}


# What is larger than the requests of the reference.
_LARGER = {PACKAGE_PATH: MAX_SHARE_BYTES, line_api.PATH: line_api.MAX_LIST_BYTES}


class ServiceApp:
    """The ASGI application of one process.

    Parameters
    ----------
    authority : Authority
    environment : mapping
        Where the credentials of an object store are.
    audit : Audit | None
        Where deeds of officers are written down; None for the log.
    """

    def __init__(
        self, authority: Authority, environment: Any, audit: Audit | None = None
    ) -> None:
        self._metrics = Metrics()
        self._mirrors = {path: ChaffMirror(seen) for path, seen in _FIRST.items()}
        settings = authority.settings
        writer = UploadWriter(authority.engine, settings.region, authority.clock)
        self._door = PublishDoor(authority, writer)
        store = open_published_store(
            settings.store_url, authority.directory / "exports", environment
        )

        @asynccontextmanager
        async def life(_app: FastAPI) -> AsyncIterator[None]:
            writer.start()
            yield
            # Uploads that wait are stored and answered before the process ends.
            await asyncio.to_thread(writer.stop)
            authority.engine.dispose()
            authority.vault.key_store.close()

        self._app = _build(authority, life)
        self._app.include_router(health_routes(authority, self._metrics))
        recursive = recursive_store(authority)
        self._app.include_router(export_routes(authority, store, recursive))
        console = Console(authority, build_registry(), audit or deed_audit(authority))
        self._app.include_router(console.routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        known = path if path in _KNOWN else "other"
        # One name for all pages: which one somebody reads is nobody's business here.
        known = PREFIX if path.startswith(f"{PREFIX}/") else known
        begun = time.perf_counter()
        status = await self._serve(scope, receive, send)
        seconds = time.perf_counter() - begun
        self._metrics.observe(known, status, seconds)
        log_event("request", path=known, status=status, ms=round(seconds * 1e3, 1))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> int:
        try:
            limit = _LARGER.get(scope["path"], MAX_BODY_BYTES)
            body = await read_body(receive, scope, max_bytes=limit)
        except BodyError as error:
            if error.status:
                refusal = b'{"error":"the body is not taken","code":"bad_request"}'
                await answer(send, error.status, refusal, _JSON)
            return error.status
        mirror = self._mirrors.get(scope["path"])
        posted = scope["method"] == "POST"
        if mirror is None or not posted:
            return await self._ask(scope, replay(body, receive), send)
        if any(name == b"x-chaff" for name, _ in scope["headers"]):
            seen = mirror.draw()
            await asyncio.sleep(seen.latency_s)
            await answer(send, 200, chaff_body(seen.size), _JSON)
            return 200
        begun = time.perf_counter()
        size = 0

        async def measured(message: Message) -> None:
            nonlocal size
            size += len(message.get("body", b""))
            await send(message)

        if scope["path"] == PATH:
            status, content = await self._door.publish(body)
            latency_s = time.perf_counter() - begun
            await answer(measured, status, content, _JSON)
        else:
            status = await self._ask(scope, replay(body, receive), measured)
            latency_s = time.perf_counter() - begun
        if status == 200:
            mirror.observe(latency_s, size)
        return status

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        return status


def _build(
    authority: Authority,
    life: Callable[[FastAPI], Any],
) -> FastAPI:
    app = FastAPI(
        title="proximity health authority",
        version="1",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(device_routes(authority))
    app.include_router(admin_routes(authority))
    app.include_router(statistics_routes(authority))
    app.include_router(open_routes(authority))
    app.include_router(share_routes(authority))
    # Before the routes of one case: "lines" is no reference.
    app.include_router(line_routes(authority))
    app.include_router(case_routes(authority))
    app.include_router(citizen_routes(authority))
    app.add_exception_handler(ApiError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(ProximityError, _fail)
    app.add_exception_handler(SQLAlchemyError, _fail)
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        publish = openapi_path()
        document["paths"].update(publish["path"])
        document["components"]["schemas"].update(publish["schemas"])
        return document

    # The way that FastAPI documents for extending its document.
    app.openapi = openapi  # type: ignore[method-assign]
    return app


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    # Registered for this error alone.
    refused = cast("ApiError", error)
    content = {"error": str(refused), "errorCode": refused.code}
    return JSONResponse(content, refused.status)


async def _refuse_form(request: Request, _error: Exception) -> JSONResponse:
    return await _refuse(request, unparsable())


async def _refuse_http(_request: Request, error: Exception) -> JSONResponse:
    # Registered for this error alone.
    refused = cast("HTTPException", error)
    content = {"error": str(refused.detail), "errorCode": "bad_request"}
    return JSONResponse(content, refused.status_code, refused.headers)


async def _fail(_request: Request, error: Exception) -> JSONResponse:
    log_event("failure", error=type(error).__name__)
    content = {"error": "try again later", "errorCode": "internal_server_error"}
    return JSONResponse(content, 503)
