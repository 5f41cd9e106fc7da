"""web/src/wire/generated.ts, written from the route table and the events.

`python -m lci_app.api.typescript > web/src/wire/generated.ts`; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from lci_app.api.openapi import openapi_document
from lci_app.api.problem import CODES
from lci_app.api.route import JSON, Route
from lci_app.api.table import ROUTES
from lci_app.core.codes import PUBLISHED
from lci_app.core.events import ClientMessage, ServerMessage

_HEAD: Final = "// Written from routes and events by `python -m lci_app.api.typescript`; a test compares them.\n"
_SIMPLE: Final = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null",
}  # fmt: skip
_REF: Final = "#/$defs/{model}"
Schema = Mapping[str, Any]


def typescript(routes: Sequence[Route]) -> str:
    document = openapi_document(routes)
    shapes: dict[str, Schema] = dict(document["components"]["schemas"])
    del shapes["Failure"]
    aliases = {}
    adapters: tuple[tuple[str, TypeAdapter[Any], JsonSchemaMode], ...] = (
        ("ServerMessage", TypeAdapter(ServerMessage), "serialization"),
        ("ClientMessage", TypeAdapter(ClientMessage), "validation"),
    )
    for name, adapter, mode in adapters:
        schema = adapter.json_schema(mode=mode, ref_template=_REF)
        shapes.update(schema.pop("$defs"))
        aliases[name] = schema
    codes = [code for of_status in CODES.values() for code in of_status]
    parts = [
        _HEAD,
        f"export type ErrorCode = {_union(codes)};\n",
        *(f"export type {name} = {_union(values)};\n" for name, values in PUBLISHED.items()),
        *(_declaration(name, shape) for name, shape in sorted(shapes.items())),
        *(f"export type {name} = {_type(schema)};\n" for name, schema in aliases.items()),
        _calls(document["paths"]),
    ]
    return "\n".join(parts)


def _declaration(name: str, shape: Schema) -> str:
    if "properties" not in shape:
        return f"export type {name} = {_type(shape)};\n"
    return f"export interface {name} {_object(shape)}\n"


def _object(shape: Schema) -> str:
    required = set(shape.get("required", ()))
    fields = (
        f"  {name}{'' if name in required or 'const' in field else '?'}: {_type(field)};\n"
        for name, field in shape["properties"].items()
    )
    return "{\n" + "".join(fields) + "}"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return schema["title"] if schema.get("title") in PUBLISHED else _union(schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(dict.fromkeys(_type(each) for each in schema[key]))
    match schema.get("type"):
        case "array":
            return _array(schema)
        case "object":
            values = schema.get("additionalProperties")
            return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
        case str(name):
            return _SIMPLE[name]
        case _:
            return "unknown"


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(each) for each in schema['prefixItems'])}]"
    return f"({_type(schema.get('items', {}))})[]"


def _union(values: Sequence[Any]) -> str:
    return " | ".join(json.dumps(value) for value in values)


def _calls(paths: Mapping[str, Mapping[str, Any]]) -> str:
    lines = []
    for path, operations in paths.items():
        for method, operation in operations.items():
            answer = _answer(operation)
            if answer is not None:
                given = f"query: {_query(operation)}; body: {_body(operation)}; answer: {answer}"
                lines.append(f"  {json.dumps(f'{method.upper()} {path}')}: {{ {given} }};\n")
    return "export interface Calls {\n" + "".join(lines) + "}\n"


def _query(operation: Mapping[str, Any]) -> str:
    parts = [
        f"{json.dumps(each['name'])}{'' if each['required'] else '?'}: {_type(each['schema'])}"
        for each in operation["parameters"]
        if each["in"] == "query"
    ]
    return "{ " + "; ".join(parts) + " }" if parts else "undefined"


def _body(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    return _type(content[JSON]["schema"]) if JSON in content else "undefined"


def _answer(operation: Mapping[str, Any]) -> str | None:
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get(JSON, {}).get("schema", {})
        if status != "default" and "properties" in schema:
            return _type(schema["properties"]["data"])
    return None


if __name__ == "__main__":
    sys.stdout.write(typescript(ROUTES))
