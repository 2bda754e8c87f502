"""What the service tells operators of itself."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from proximity.authority.assembly import Authority
from proximity.authority.database import check_schema, reading
from proximity.authority.keyring import CERTIFICATE
from proximity.authority.publish.batch_model import BatchState, batches
from proximity.authority.publish.taking import count_waiting
from proximity.authority.service.metrics import Metrics
from proximity.errors import StoreError


class Health(BaseModel):
    """How the service is."""

    status: str
    error: str | None = None


_NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": Health, "description": "Not ready."}
}


def health_routes(authority: Authority, metrics: Metrics) -> APIRouter:
    """Return liveness, readiness and metrics."""
    routes = APIRouter()

    @routes.get("/healthz", response_model=Health, response_model_exclude_unset=True)
    async def healthz() -> dict[str, str]:
        """Tell that the process answers, also when every thread is busy."""
        return {"status": "ok"}

    @routes.get("/readyz", response_model=Health, responses=_NOT_READY)
    def readyz() -> JSONResponse:
        """Tell whether database, schema and secrets are those of this program."""
        try:
            check_schema(authority.engine)
            authority.keyring.current(CERTIFICATE)
        except StoreError as error:
            content = {"status": "not ready", "error": type(error).__name__}
            return JSONResponse(content, 503)
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics", response_class=PlainTextResponse)
    def show_metrics() -> PlainTextResponse:
        """Return the figures in the text form of Prometheus."""
        text = metrics.render(_gauges(authority))
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    return routes


def _gauges(authority: Authority) -> dict[str, Any]:
    try:
        return {"proximity_database_up": 1} | _counts(authority)
    except SQLAlchemyError:
        # What this process counted itself is needed most while the database is away.
        return {"proximity_database_up": 0}


def _counts(authority: Authority) -> dict[str, Any]:
    shown = select(func.count(), func.coalesce(func.max(batches.c.end_s), 0)).where(
        batches.c.state == BatchState.SHOWN
    )
    with reading(authority.engine) as connection:
        count, newest_s = connection.execute(shown).one()
        return {
            "proximity_waiting_keys": count_waiting(connection),
            "proximity_batches": count,
            "proximity_newest_batch_end_seconds": newest_s,
        }
