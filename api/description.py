"""The description of the service for machines: each status it answers with, each problem in its type."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import PROBLEM_TYPE
from api.schemas import SAMPLE_MAX, Problem
from pipeline.settings import UM_PER_PX_MAX, UM_PER_PX_MIN

__all__ = ["describe", "problems", "upload_body"]

_ALWAYS = (401, 403, 421, 500)
"""Answers of any address: no key, a page of another site, a foreign host, a mistake in the program."""
_TYPES = {
    400: "bad-request, broken-form: no HTTP, or a form that cannot be read or ends in the middle",
    401: "no-key: the service asks for a key",
    403: "foreign-origin: a page of another site asked",
    404: "no-such-slide, not-found",
    408: "too-slow: the upload stayed away, or took too long",
    409: "not-ready, count-failed: there is no result yet, or none at all",
    410: "result-removed: somebody removed it from the data folder",
    412: "other-file: not the one that If-Match or If-Unmodified-Since names",
    413: "too-large: more bytes or more pictures than the service takes",
    415: "not-a-picture: nothing that can be read as one, or no such content type",
    416: "no-such-range: the file does not hold the range asked for",
    421: "foreign-host: the service does not go by this name",
    422: "unusable-picture, wrong-number-of-pictures, invalid-request",
    500: "cannot-work, internal: a network file or a result cannot be read, or the program made a mistake",
    507: "disk-full",
}
_HEADERS = {401: "WWW-Authenticate", 416: "Content-Range"}
_PICTURE_BODY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
"""A body that is the picture itself."""
_FIELD_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "name",
        "in": "query",
        "required": False,
        "description": "File name of a picture that is the body itself.",
        "schema": {"type": "string"},
    },
    {
        "name": "um_per_px",
        "in": "query",
        "required": False,
        "description": "µm per pixel, with a point or a comma; a field of the form goes before it.",
        "schema": {"type": "string"},
    },
]
"""What may stand in the query of an upload."""


def upload_body(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What a route takes: a form with pictures in the field `name`, or a picture as the body itself."""
    size = {"type": "number", "minimum": UM_PER_PX_MIN, "maximum": UM_PER_PX_MAX}
    fields = {name: schema, "um_per_px": size}
    if name == "picture":
        fields["sample"] = {"type": "string", "maxLength": SAMPLE_MAX}
    form = {"type": "object", "required": [name], "properties": fields}
    content = {
        "multipart/form-data": {"schema": form},
        "image/*": _PICTURE_BODY,
        "application/octet-stream": _PICTURE_BODY,
    }
    return {"parameters": _FIELD_PARAMETERS, "requestBody": {"required": True, "content": content}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that also answers with these, beside those of every route."""
    return {status: _problem(status) for status in sorted({*statuses, *_ALWAYS})}


def describe(app: FastAPI, *, keys: bool) -> None:
    """Give the app its OpenAPI description; `keys` is whether it asks for one."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app, keys=keys)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _problem(status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}. {_TYPES[status]}",
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in _HEADERS:
        answer["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}}}
    return answer


def _description(app: FastAPI, *, keys: bool) -> dict[str, Any]:
    description = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description="HEAD is answered wherever GET is. Methods that are not listed are answered with 405, "
        "and Allow names those that are. Every error is application/problem+json (RFC 9457).",
        routes=app.routes,
    )
    components = description.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in _operations(description):
        refused = operation["responses"].get("422", {})
        if PROBLEM_TYPE not in refused.get("content", {}):  # the framework's own, which is never sent
            operation["responses"].pop("422", None)
    if keys:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        description["security"] = [{"key": []}]
    return description


def _operations(description: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (operation for path in description["paths"].values() for operation in path.values())
