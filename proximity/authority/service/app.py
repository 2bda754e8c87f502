"""The whole service as one ASGI application.

`/v1/publish` goes past the framework; everything else is a route of it. Around both
stand the bounds of bodies, the chaff, the metrics and the log.
"""

import asyncio
import json
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
from proximity.authority.demo.door import DemoDoor
from proximity.authority.demo.pages import pages as demo_pages
from proximity.authority.keyring import REFRESH_EARLY_S, Keyring
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
from proximity.authority.service.chaff import ChaffMirror, chaff_body, likely
from proximity.authority.service.health import health_routes
from proximity.authority.service.metrics import Metrics
from proximity.authority.service.openapi import describe
from proximity.authority.service.precise_timer import PreciseTimer
from proximity.authority.service.structured_log import log_event
from proximity.authority.upload.api import PATH, PublishDoor
from proximity.authority.upload.figures import FLUSH_S, UploadFigures
from proximity.authority.upload.writer import UploadWriter
from proximity.authority.verification.api import (
    admin_routes,
    device_routes,
    open_routes,
    report_routes,
)
from proximity.authority.verification.statistics import statistics_routes
from proximity.errors import ProximityError

_NO_STORE = (b"cache-control", b"no-store")
_JSON = [(b"content-type", b"application/json"), _NO_STORE]
_ONLY_POST = b'{"error":"Method Not Allowed","code":"method_not_allowed"}'
# What answers look like before the first real ones of a process.
_FIRST = {
    PATH: likely(0.006, 1_864, 1_024),
    "/api/verify": likely(0.008, 405, 64),
    "/api/certificate": likely(0.008, 488, 64),
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
    "/api/stats/realm.json",
    "/api/stats/realm.csv",
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
# The framework's own refusals, by the names of ours.
_HTTP_CODES = {
    400: "unparsable_request",
    404: "not_found",
    405: "method_not_allowed",
}


class ServiceApp:
    """The ASGI application of one process.

    Parameters
    ----------
    authority : Authority
    environment : mapping
        Where the credentials of an object store are.
    audit : Audit | None
        Where deeds of officers are written down; None for the audit.
    door : DemoDoor | None
        Of a demonstration, into its console.
    """

    def __init__(
        self,
        authority: Authority,
        environment: Any,
        audit: Audit | None = None,
        *,
        door: DemoDoor | None = None,
    ) -> None:
        self._metrics = Metrics()
        self._timer = timer = PreciseTimer()
        self._mirrors = {path: ChaffMirror(seen) for path, seen in _FIRST.items()}
        settings = authority.settings
        self._timeout_s = float(settings.request_timeout_s)
        writer = UploadWriter(authority.engine, settings.region, authority.clock)
        figures = UploadFigures()
        self._door = PublishDoor(authority, writer, figures)
        store = open_published_store(
            settings.store_url, authority.directory / "exports", environment
        )

        @asynccontextmanager
        async def life(_app: FastAPI) -> AsyncIterator[None]:
            writer.start()
            beside = [
                asyncio.create_task(_flush_often(figures, authority)),
                asyncio.create_task(_refresh_often(authority.keyring)),
            ]
            yield
            for task in beside:
                task.cancel()
            timer.stop()
            # Uploads that wait are stored and answered before the process ends.
            await asyncio.to_thread(writer.stop)
            await asyncio.to_thread(_flush, figures, authority)
            authority.engine.dispose()
            authority.vault.key_store.close()

        self._app = _build(authority, life)
        self._app.include_router(health_routes(authority, self._metrics))
        recursive = recursive_store(authority)
        self._app.include_router(export_routes(authority, store, recursive))
        registry = build_registry(demo_pages(authority, door))
        console = Console(authority, registry, audit or deed_audit(authority))
        self._app.routes.extend(console.routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = _known(scope["path"])
        begun, status = time.perf_counter(), 500
        if scope["path"].startswith("/api/"):
            send = _unstored(send)
        try:
            status = await self._serve(scope, receive, send)
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.observe(known, status, seconds)
            log_event("request", path=known, status=status, ms=round(seconds * 1e3, 1))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> int:
        try:
            limit = _LARGER.get(scope["path"], MAX_BODY_BYTES)
            body = await read_body(
                receive, scope, max_bytes=limit, seconds=self._timeout_s
            )
        except BodyError as error:
            if error.status:
                await _refuse_body(send, scope["path"], error.status)
            return error.status
        path, posted = scope["path"], scope["method"] == "POST"
        if path == PATH and not posted:
            await answer(send, 405, _ONLY_POST, [*_JSON, (b"allow", b"POST")])
            return 405
        if path not in self._mirrors or not posted:
            return await self._ask(scope, replay(body, receive), send)
        mirror = self._mirrors[path]
        if any(name == b"x-chaff" for name, _ in scope["headers"]):
            begun = time.perf_counter()
            seen = mirror.draw()
            await self._timer.sleep_until(begun + seen.latency_s)
            await answer(send, 200, chaff_body(seen.size), _JSON)
            return 200
        return await self._mirrored(scope, replay(body, receive), send, body)

    async def _mirrored(
        self, scope: Scope, receive: Receive, send: Send, body: bytes
    ) -> int:
        """Answer a real request; chaff will look like it if it is a success."""
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
            status = await self._ask(scope, receive, measured)
            latency_s = time.perf_counter() - begun
        if status == 200:
            self._mirrors[scope["path"]].observe(latency_s, size)
        return status

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> int:
        status = 500
        if scope["method"] == "HEAD":
            # The server leaves the body out, for it keeps the scope as it came.
            scope = {**scope, "method": "GET"}

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        return status


def _flush(figures: UploadFigures, authority: Authority) -> None:
    try:
        figures.flush(authority.engine)
    except SQLAlchemyError as error:
        # They are kept for the next time; the uploads themselves are stored.
        log_event("figures", error=type(error).__name__)


async def _flush_often(figures: UploadFigures, authority: Authority) -> None:
    while True:
        await asyncio.sleep(FLUSH_S)
        await asyncio.to_thread(_flush, figures, authority)


async def _refresh_often(keyring: Keyring) -> None:
    """Read secrets in a thread, so that no request does it on the loop."""
    while True:
        try:
            await asyncio.to_thread(keyring.refresh)
        except (ProximityError, SQLAlchemyError) as error:
            # A request that needs them tries again, and says what is wrong.
            log_event("secrets", error=type(error).__name__)
        await asyncio.sleep(REFRESH_EARLY_S)


def _build(
    authority: Authority,
    life: Callable[[FastAPI], Any],
) -> FastAPI:
    app = FastAPI(
        title="proximity health authority",
        summary="Codes, certificates, uploads and signed exports.",
        version="1",
        lifespan=life,
        # A route of its own, which the document names too.
        openapi_url=None,
        # A redirect would name whatever host the client did.
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(device_routes(authority))
    app.include_router(report_routes(authority))
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
    describe(app)
    return app


def _known(path: str) -> str:
    """Return the name of a path in log and metrics, never one as it was asked."""
    if path in _KNOWN:
        return path
    if path.startswith(f"{PREFIX}/"):
        # One name for all pages: which one somebody reads is nobody's business here.
        return PREFIX
    if path.startswith("/exports/") and path.endswith(".zip"):
        return "/exports/*.zip"
    return "/api/stats/realm/*" if path.startswith("/api/stats/realm/") else "other"


def _unstored(send: Send) -> Send:
    """Let nobody keep an answer; a chaff answer has the same headers."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            if _NO_STORE[0] not in names:
                message["headers"] = [*message["headers"], _NO_STORE]
        await send(message)

    return marked


async def _refuse_body(send: Send, path: str, status: int) -> None:
    code = (
        {"code": "bad_request"} if path == PATH else {"errorCode": "unparsable_request"}
    )
    refusal = {"error": "the body is too large or too slow"} | code
    # Who sends slowly is not waited for any longer.
    slow = [(b"connection", b"close")] if status == 408 else []
    await answer(send, status, json.dumps(refusal).encode(), [*_JSON, *slow])


async def _refuse(_request: Request, error: Exception) -> JSONResponse:
    # Registered for this error alone.
    refused = cast("ApiError", error)
    content = {"error": str(refused), "errorCode": refused.code}
    return JSONResponse(content, refused.status)


async def _refuse_form(request: Request, error: Exception) -> JSONResponse:
    # Registered for this error alone.
    refused = cast("RequestValidationError", error)
    if any(each["loc"][0] == "path" for each in refused.errors()):
        return await _refuse(
            request, ApiError(404, "not_found", "there is no such path")
        )
    return await _refuse(request, unparsable())


async def _refuse_http(_request: Request, error: Exception) -> JSONResponse:
    # Registered for this error alone.
    refused = cast("HTTPException", error)
    code = _HTTP_CODES.get(refused.status_code, "bad_request")
    content = {"error": str(refused.detail), "errorCode": code}
    return JSONResponse(content, refused.status_code, refused.headers)


async def _fail(_request: Request, error: Exception) -> JSONResponse:
    log_event("failure", error=type(error).__name__)
    content = {"error": "try again later", "errorCode": "internal_server_error"}
    return JSONResponse(content, 503)
