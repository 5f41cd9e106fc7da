"""`http-api.md`: "The OpenAPI document that the service itself publishes must agree with this page"."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.asking import Examiner

# Of the paper, without what later issues bring (cleanup and the workspace's overview).
CALLS = {
    "GET /api/projects", "POST /api/projects", "GET /api/projects/{}", "PUT /api/projects/{}",
    "PATCH /api/projects/{}", "DELETE /api/projects/{}", "GET /api/projects/{}/status",
    "POST /api/projects/{}/switch", "POST /api/projects/{}/rollback", "POST /api/projects/{}/auto-deploy",
    "POST /api/projects/{}/restart", "POST /api/projects/{}/stop", "POST /api/projects/{}/start",
    "GET /api/projects/{}/deployments", "GET /api/projects/{}/runtime-logs", "GET /api/builds",
    "GET /api/projects/{}/builds", "POST /api/projects/{}/builds", "GET /api/builds/{}", "POST /api/builds/{}/cancel",
    "POST /api/builds/{}/rebuild", "GET /api/builds/{}/logs", "GET /api/builds/{}/logs/search",
    "GET /api/builds/{}/logs/download", "GET /api/builds/{}/artifacts", "GET /api/builds/{}/artifacts/{}",
    "POST /webhook/github", "GET /api/webhook/deliveries", "POST /api/webhook/deliveries/{}/build",
    "GET /api/settings/webhook-secret", "POST /api/settings/webhook-secret/rotate", "GET /api/settings",
    "PUT /api/settings", "GET /api/system", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.json",
    "GET /docs", "GET /", "GET /ws",
}  # fmt: skip
QUERIES = {
    "/api/projects": {"limit", "offset"},
    "/api/builds": {"project_id", "status", "limit", "offset", "before_id"},
    "/api/projects/{}/builds": {"status", "limit", "offset", "before_id"},
    "/api/projects/{}/deployments": {"limit", "offset", "before_id"},
    "/api/projects/{}/runtime-logs": {"tail", "slot"},
    "/api/builds/{}/logs": {"from", "limit", "tail"},
    "/api/builds/{}/logs/search": {"q", "regex", "from", "limit"},
    "/api/webhook/deliveries": {"project_id", "limit", "offset", "before_id"},
}
BODIES = {
    "POST /api/projects/{}/switch": {"target_slot"},
    "POST /api/projects/{}/rollback": {"build_id"},
    "POST /api/projects/{}/auto-deploy": {"enabled"},
    "POST /api/projects/{}/restart": {"slot"},
    "POST /api/projects/{}/builds": {"commit_hash", "branch", "parameters", "priority", "deploy"},
}
PROJECT = {"name", "repo", "branch", "path_filter", "working_directory", "cache_type", "cache_mode", "build_image",
           "build_command", "runtime_image", "runtime_command", "runtime_port", "mount_path", "health_check_url",
           "health_check_timeout", "health_check_interval", "health_check_retries", "build_env", "runtime_env",
           "build_timeout", "build_memory", "build_cpus", "runtime_memory", "runtime_cpus", "domains", "strip_prefix",
           "drain_timeout", "queue_key", "parameters", "keep_releases", "auto_deploy"}  # fmt: skip


@pytest.fixture(scope="module")
def document(ask: Examiner) -> Any:
    return ask("GET", "/openapi.json").data


@pytest.fixture(scope="module")
def operations(document: Any) -> dict[str, Any]:
    return {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def resolved(document: Any, schema: Any) -> Any:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_call_of_the_paper_is_in_the_document(operations: dict[str, Any]) -> None:
    assert set(operations) >= CALLS


def test_every_call_of_the_document_answers(ask: Examiner, document: Any) -> None:
    ask("POST", "/api/projects", {"name": "answering", "repo": "a/b"})
    for path, methods in document["paths"].items():
        for method in methods:
            if method == "delete" or path == "/ws":
                continue
            at = path.replace("{project}", "answering").replace("{name}", "docs.js")
            answer = ask(method.upper(), re.sub(r"{\w+}", "999999", at))
            assert answer.status not in {405, 500, 501}, (method, path)
            assert answer.refusal != (404, "NOT_FOUND"), (method, path)


def test_its_query_parameters_are_the_papers(operations: dict[str, Any]) -> None:
    for path, wanted in QUERIES.items():
        given = operations[f"GET {path}"]["parameters"]
        assert {each["name"] for each in given if each["in"] == "query"} == wanted, path


def test_its_bodies_are_the_papers(document: Any, operations: dict[str, Any]) -> None:
    for call, wanted in BODIES.items():
        schema = resolved(document, operations[call]["requestBody"]["content"]["application/json"]["schema"])
        assert set(schema["properties"]) == wanted, call
        assert schema["additionalProperties"] is False
    for call in ("POST /api/projects", "PUT /api/projects/{}", "PATCH /api/projects/{}"):
        schema = resolved(document, operations[call]["requestBody"]["content"]["application/json"]["schema"])
        assert set(schema["properties"]) >= PROJECT, call


def test_the_status_of_success_is_the_papers(operations: dict[str, Any]) -> None:
    """201 (created), 202 (queued)."""
    wanted = {"POST /api/projects": "201", "POST /api/projects/{}/builds": "202", "POST /api/builds/{}/rebuild": "202",
              "POST /api/projects/{}/rollback": "202", "POST /api/builds/{}/cancel": "200",
              "POST /webhook/github": "202"}  # fmt: skip
    for call, status in wanted.items():
        assert status in operations[call]["responses"], call


def test_what_is_answered_fits_what_the_document_says(ask: Examiner, document: Any, operations: dict[str, Any]) -> None:
    """It must agree with this page: every field that is answered is described, and the other way round."""
    ask("POST", "/api/projects", {"name": "described", "repo": "a/b"})
    build = ask("POST", "/api/projects/described/builds", {}).data["build_id"]
    asked = {
        "GET /api/projects": "/api/projects", "GET /api/projects/{}": "/api/projects/described",
        "GET /api/projects/{}/status": "/api/projects/described/status", "GET /api/builds": "/api/builds",
        "GET /api/builds/{}": f"/api/builds/{build}", "GET /api/builds/{}/logs": f"/api/builds/{build}/logs",
        "GET /api/webhook/deliveries": "/api/webhook/deliveries", "GET /api/settings": "/api/settings",
        "GET /api/system": "/api/system", "GET /healthz": "/healthz", "GET /readyz": "/readyz",
        "GET /api/settings/webhook-secret": "/api/settings/webhook-secret",
    }  # fmt: skip
    for call, path in asked.items():
        envelope = operations[call]["responses"]["200"]["content"]["application/json"]["schema"]
        schema = resolved(document, envelope["properties"]["data"])
        assert set(ask("GET", path).data) == set(schema["properties"]), call


def test_its_references_lead_somewhere(document: Any) -> None:
    text = str(document)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"]
    assert document["openapi"].startswith("3.")


def test_the_reference_in_the_repository_knows_every_call() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    for call in CALLS:
        method, _, path = call.partition(" ")
        assert re.search(re.escape(f"`{method} {path}").replace(r"\{\}", r"{\w+}"), reference), call
