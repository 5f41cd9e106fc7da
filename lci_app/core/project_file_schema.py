"""The JSON Schema of a project file (draft 2020-12), for editors: from the same keys and fields that it is read by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lci_app.core.model import JsonObject
from lci_app.core.project import NewProject, ProjectSettings
from lci_app.core.project_file_keys import KEYS, NOT_YET

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def project_file_schema() -> JsonObject:
    """Return what both uses of a file may hold; what only one of them needs or may not hold is told when it is read."""
    described = ProjectSettings.model_json_schema()
    fields = {**described["properties"], "name": NewProject.model_json_schema()["properties"]["name"]}
    return {
        "$schema": _DIALECT,
        "title": "lci project file",
        "type": "object",
        "additionalProperties": False,
        "properties": {table: _table(keys, fields) for table, keys in KEYS.items()},
        "not": {"anyOf": [{"required": [table]} for table in sorted(NOT_YET)]},
        "$defs": described.get("$defs", {}),
    }


def _table(keys: Mapping[str, str], fields: Mapping[str, Any]) -> JsonObject:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: fields[setting] for key, setting in keys.items()},
    }
