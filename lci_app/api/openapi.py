"""The OpenAPI document of a route table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

import lci_app
from lci_app.api.idempotency import HEADER as IDEMPOTENCY_KEY
from lci_app.api.problem import CODES
from lci_app.api.route import JSON, Exempt, Nothing, Route

_REF: Final = "#/components/schemas/{model}"
_PLACEHOLDER: Final = re.compile(r"{(\w+)}")
_PLACES: Final = {
    "project": "A project's id or name; all digits are always an id.",
    "build_id": "A build's id.",
    "delivery_id": "A delivery's id.",
    "session_id": "The id of one's own session.",
    "user_id": "A person's id.",
    "token_id": "A token's id.",  # nosec B105
    "path": "A file's path below the build's output.",
    "name": "A file's name.",
    "host": "A registry's host as images name it, with its port where it has one.",
}
_ERROR: Final = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"enum": sorted(code for codes in CODES.values() for code in codes)},
                "message": {"type": "string", "description": "A sentence that a person can act on."},
                "details": {"type": "object"},
            },
        },
    },
}
# By model and mode.
Schemas = Mapping[Any, dict[str, Any]]


def openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    schemas, definitions = models_json_schema(
        [*_models(routes)], by_alias=True, ref_template=_REF, schema_generator=GenerateJsonSchema
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in (each for each in routes if not each.is_page):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "lci", "version": lci_app.__version__, "description": "The management API of lci."},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "Failure": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "lci_…"}},
        },
    }


def _models(routes: Iterable[Route]) -> Iterable[tuple[type[BaseModel], JsonSchemaMode]]:
    for route in routes:
        if route.answer is not None:
            yield route.answer, "serialization"
        for given in (route.query, route.body):
            if given is not Nothing:
                yield given, "validation"


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [_tag(route)],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": _responses(route, schemas),
    }
    if isinstance(route.access, Exempt):
        operation["security"] = []
        operation["x-exempt"] = str(route.access)
    else:
        operation["x-scope"] = str(route.access)
    if route.body is not Nothing:
        required = any(field.is_required() for field in route.body.model_fields.values())
        content = {JSON: {"schema": schemas[route.body, "validation"]}}
        operation["requestBody"] = {"required": required, "content": content}
    elif route.raw_body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    return operation


def _tag(route: Route) -> str:
    parts = route.path.strip("/").split("/")
    return parts[1] if parts[0] == "api" else "service" if parts[0] != "webhook" else "webhook"


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PLACES[name],
            "schema": {"type": "integer" if name.endswith("_id") else "string"},
        }
        for name in _PLACEHOLDER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    schema = route.query.model_json_schema(by_alias=True, ref_template=_REF)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema.get("properties", {}).items()
    ]


def _header_parameters(route: Route) -> list[dict[str, Any]]:
    names = [IDEMPOTENCY_KEY] if route.idempotent else []
    if route.operation in {"update_project", "patch_project"}:
        names.append("If-Match")
    return [{"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in names]


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    if route.websocket:
        return {"101": {"description": "The connection speaks WebSocket now."}, "default": _failure()}
    content = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in route.content}
    if route.answer is not None:
        data = schemas[route.answer, "serialization"]
        content[JSON] = {"schema": _envelope(data)}
    elif JSON in content:
        content[JSON] = {"schema": {"type": "object"}}
    return {str(route.status): {"description": route.summary, "content": content}, "default": _failure()}


def _envelope(data: dict[str, Any]) -> dict[str, Any]:
    properties = {"success": {"const": True}, "data": data}
    return {"type": "object", "required": ["success", "data"], "properties": properties}


def _failure() -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": _REF.format(model="Failure")}}}
    return {"description": "A refusal, or a failure.", "content": content}
