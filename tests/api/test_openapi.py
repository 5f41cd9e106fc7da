from __future__ import annotations

import json
import re
from typing import Any

from lci_app.api.dashboard import DASHBOARD
from lci_app.api.openapi import openapi_document
from lci_app.api.problem import CODES
from lci_app.api.route import Exempt
from lci_app.api.table import ROUTES
from lci_app.core.project import ProjectSecrets, ProjectSettings
from tests.api.rig import Rig

DOCUMENT = openapi_document(ROUTES)
DESCRIBED = [route for route in ROUTES if not route.is_page]


def test_only_pages_are_left_out() -> None:
    pages = {page.path for page in DASHBOARD} - {"/"}
    assert {route.path for route in ROUTES} - {route.path for route in DESCRIBED} == pages
    assert all(page.access is Exempt.ASSET for page in DASHBOARD)


async def test_the_document_is_served(rig: Rig) -> None:
    assert (await rig.get("/openapi.json")).json == json.loads(json.dumps(DOCUMENT))


def test_every_route_is_in_the_document_and_nothing_else() -> None:
    documented = {(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert documented == {(route.method, route.path) for route in DESCRIBED}
    operations = [route.operation for route in ROUTES]
    assert len(set(operations)) == len(operations)


async def test_every_route_of_the_server_is_in_the_table(rig: Rig) -> None:
    served = {rule.endpoint for rule in rig.app.url_map.iter_rules()}
    assert served == {route.operation for route in ROUTES}


def test_the_document_says_who_may_call_what() -> None:
    for route in DESCRIBED:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        if isinstance(route.access, Exempt):
            assert (operation["security"], operation["x-exempt"]) == ([], str(route.access))
        else:
            assert operation["x-scope"] == str(route.access)


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    assert references <= {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}


def test_every_placeholder_of_a_path_is_a_parameter() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))


def schema(name: str) -> Any:
    return DOCUMENT["components"]["schemas"][name]


def test_a_project_is_one_definition_on_every_way() -> None:
    fields = set(ProjectSettings.model_fields)
    secrets = set(ProjectSecrets.model_fields)
    assert set(schema("ProjectCreate")["properties"]) == fields | secrets | {"name"}
    assert set(schema("ProjectCreate")["required"]) == {"name", "repo"}
    assert set(schema("ProjectUpdate")["properties"]) == fields | secrets | {"name", "blue_port", "green_port"}
    assert not schema("ProjectUpdate").get("required")
    assert not any("default" in field for field in schema("ProjectUpdate")["properties"].values())
    shown = set(schema("ProjectDocument")["properties"])
    assert shown > fields
    assert not shown & secrets


def test_the_failures_codes_are_listed() -> None:
    listed = schema("Failure")["properties"]["error"]["properties"]["code"]["enum"]
    assert set(listed) == {code for codes in CODES.values() for code in codes}
