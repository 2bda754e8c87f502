"""The OpenAPI document: what the framework knows, and what goes past it."""

from typing import Any

from fastapi import FastAPI

from proximity.authority.upload.api import PATH
from proximity.authority.upload.openapi import openapi_path
from proximity.protocol.export_index import RECURSIVE_FOLDER

CHAFF_PATHS = (PATH, "/api/verify", "/api/certificate")
_CHAFF = {
    "name": "X-Chaff",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "With it the body is dropped and the answer is only padding.",
}
_CHAFF_ANSWER = {"$ref": "#/components/schemas/ChaffAnswer"}
_TOO_SLOW = {"description": "The body came too slowly."}
_TOO_LARGE = {"description": "The body is larger than this door takes."}
_FORM_ERROR = "422"
_REFUSED = {
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}
    }
}
# Of files, which have no model.
_EXPORTS = {
    "200": {
        "description": "`index.txt`, or a file that it names.",
        "content": {
            "text/plain": {"schema": {"type": "string"}},
            "application/zip": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "404": {"description": "There is no such file."} | _REFUSED,
    "503": {"description": "The published store does not answer."} | _REFUSED,
}


def describe(app: FastAPI) -> None:
    """Complete the document of an application; it is made when it is first asked."""
    original = app.openapi
    described: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not described:
            described.update(_completed(original()))
        return described

    # The way that FastAPI documents for extending its document.
    app.openapi = openapi  # type: ignore[method-assign]

    @app.get("/openapi.json")
    def document() -> dict[str, Any]:
        """Return this document."""
        return app.openapi()


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    publish = openapi_path()
    document["paths"].update(publish["path"])
    document["components"]["schemas"].update(publish["schemas"])
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for path in ("/exports/{name}", f"/exports/{RECURSIVE_FOLDER}/{{name}}"):
        # A copy: what the loop below takes out of one is not for the other.
        document["paths"][path]["get"]["responses"] = dict(_EXPORTS)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            # A request of another form is 400 here, as in the published API.
            operation["responses"].pop(_FORM_ERROR, None)
            if method == "post":
                operation["responses"] |= _of_bodies(path)
            if path in CHAFF_PATHS:
                operation.setdefault("parameters", []).append(_CHAFF)
                content = operation["responses"]["200"]["content"]["application/json"]
                content["schema"] = {"anyOf": [content["schema"], _CHAFF_ANSWER]}
    return document


def _of_bodies(path: str) -> dict[str, Any]:
    name = "PublishRefusal" if path == PATH else "Refusal"
    schema = {"$ref": f"#/components/schemas/{name}"}
    content = {"content": {"application/json": {"schema": schema}}}
    return {"408": _TOO_SLOW | content, "413": _TOO_LARGE | content}
