"""`http-api.md`, "Conventions": lists, and input that is refused by the name of what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.asking import Examiner

LISTS = ["/api/projects", "/api/builds", "/api/projects/idle/builds", "/api/projects/idle/deployments",
         "/api/webhook/deliveries"]  # fmt: skip


GROWING = LISTS[1:]


@pytest.mark.parametrize("path", LISTS)
def test_lists_take_limits_from_1_to_200_and_tell_the_total(ask: Examiner, idle: Any, path: str) -> None:
    """Lists: `?limit=&offset=` (limit 1…200, default 50 …) and `total` in the answer."""
    for fine in ("", "?limit=1", "?limit=200", "?offset=0", "?limit=5&offset=1000000"):
        answer = ask("GET", path + fine)
        assert answer.status == 200
        assert type(answer.data["total"]) is int
    for bad in ("0", "201", "-1", "abc", "1.5", "", "9" * 30, "1e2"):
        assert ask("GET", f"{path}?limit={bad}").field == "limit"
    for bad in ("-1", "abc", "1.5", ""):
        assert ask("GET", f"{path}?offset={bad}").field == "offset"


@pytest.mark.parametrize("path", GROWING)
def test_growing_lists_take_before_id(ask: Examiner, idle: Any, path: str) -> None:
    """`?before_id=` where a list grows while it is read."""
    assert ask("GET", f"{path}?before_id=1").status == 200
    for bad in ("0", "-1", "abc", ""):
        assert ask("GET", f"{path}?before_id={bad}").field == "before_id"


def test_a_page_is_50_unless_asked_for_otherwise_and_before_id_holds_the_place(ask: Examiner) -> None:
    """limit 1…200, default 50; `?before_id=` where a list grows while it is read, and `total` in the answer."""
    ask("POST", "/api/projects", {"name": "paged", "repo": "a/paged", "queue_key": "paged"})
    queued = [_queued_and_cancelled(ask, "paged") for _ in range(53)]
    newest_first = queued[::-1]
    first = ask("GET", "/api/projects/paged/builds").data
    assert (first["total"], [each["id"] for each in first["builds"]]) == (53, newest_first[:50])
    offset = ask("GET", "/api/projects/paged/builds?limit=10&offset=45").data
    assert (offset["total"], [each["id"] for each in offset["builds"]]) == (53, newest_first[45:])
    newer = _queued_and_cancelled(ask, "paged")
    page = ask("GET", f"/api/projects/paged/builds?limit=10&before_id={newest_first[9]}").data
    assert [each["id"] for each in page["builds"]] == newest_first[10:20]
    assert page["total"] == 54
    assert ask("GET", "/api/builds?limit=1").data["builds"][0]["id"] == newer
    assert [b["build_number"] for b in first["builds"]] == list(range(53, 3, -1))


def _queued_and_cancelled(ask: Examiner, project: str) -> int:
    build: int = ask("POST", f"/api/projects/{project}/builds", {}).data["build_id"]
    ask("POST", f"/api/builds/{build}/cancel")
    return build


def test_projects_are_paged_too(ask: Examiner) -> None:
    """Lists: `?limit=&offset=`, and `total` in the answer."""
    for number in range(3):
        ask("POST", "/api/projects", {"name": f"page-{number}", "repo": "a/b"})
    everything = ask("GET", "/api/projects?limit=200").data
    assert everything["total"] == len(everything["projects"])
    pieces = [ask("GET", f"/api/projects?limit=1&offset={n}").data["projects"] for n in range(everything["total"])]
    assert [piece[0]["id"] for piece in pieces] == [each["id"] for each in everything["projects"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "typo", "repo": "a/b", "brnch": "dev"}, "brnch"),
        ({"name": "typo", "repo": "a/b", "runtime_port": "8080"}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "runtime_port": 8080.5}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "runtime_port": True}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "runtime_port": None}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "runtime_port": 0}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "runtime_port": 65536}, "runtime_port"),
        ({"name": "typo", "repo": "a/b", "strip_prefix": "true"}, "strip_prefix"),
        ({"name": "typo", "repo": "a/b", "auto_deploy": 1}, "auto_deploy"),
        ({"name": "typo", "repo": "a/b", "health_check_interval": "5"}, "health_check_interval"),
        ({"name": "typo", "repo": "a/b", "health_check_interval": 0.05}, "health_check_interval"),
        ({"name": "typo", "repo": "a/b", "domains": "a.example.com"}, "domains"),
        ({"name": "typo", "repo": "a/b", "domains": [1]}, "domains"),
        ({"name": "typo", "repo": "a/b", "build_env": {"A": 1}}, "build_env"),
        ({"name": "typo", "repo": "a/b", "build_env": []}, "build_env"),
        ({"name": "typo", "repo": "a/b", "runtime_command": [1]}, "runtime_command"),
        ({"name": "typo", "repo": "a/b", "runtime_command": 5}, "runtime_command"),
        ({"name": "typo", "repo": "a/b", "cache_type": "nix"}, "cache_type"),
        ({"name": "typo", "repo": "a/b", "cache_type": ["npm", "nix"]}, "cache_type"),
        ({"name": "typo", "repo": "a/b", "cache_mode": "both"}, "cache_mode"),
        ({"name": "typo", "repo": "a/b", "branch": 5}, "branch"),
        ({"name": "typo", "repo": 5}, "repo"),
        ({"name": 5, "repo": "a/b"}, "name"),
        ({"name": "typo"}, "repo"),
        ({"repo": "a/b"}, "name"),
        ({"branch": "main", "repo": "a/b"}, "name"),
        ({"name": "typo", "repo": "a/b", "id": 5}, "id"),
        ({"name": "typo", "repo": "a/b", "keep_releases": -1}, "keep_releases"),
        ({"name": "typo", "repo": "a/b", "drain_timeout": -1}, "drain_timeout"),
        ({"name": "typo", "repo": "a/b", "drain_timeout": "30"}, "drain_timeout"),
    ],
)
def test_a_field_that_cannot_be_is_named(ask: Examiner, body: Any, field: str) -> None:
    """Unknown query parameters and unknown body fields are refused (`VALIDATION_ERROR` naming the field);
    400 `VALIDATION_ERROR` (`details.field`, `details.reason`)."""
    named = ask("POST", "/api/projects", body).field
    assert named.partition(".")[0] == field
    assert ask("GET", "/api/projects/typo").status == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b"5", b"null", b'"text"', b"\xff", b'{"name": "x", }', b"[" * 5000,
                                  b'{"name": "\\ud800", "repo": "a/b"}', b'{"name": NaN}'])  # fmt: skip
def test_a_body_that_is_no_json_object_is_a_400(ask: Examiner, body: bytes) -> None:
    """JSON in and out."""
    assert ask("POST", "/api/projects", body).refusal == (400, "VALIDATION_ERROR")


def test_a_query_parameter_given_twice_is_refused(ask: Examiner) -> None:
    """A typo must not pass silently."""
    assert ask("GET", "/api/builds?limit=1&limit=2").field == "limit"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/healthz", "GET"),
        ("GET", "/webhook/github", "POST"),
        ("DELETE", "/api/projects", "POST"),
        ("PUT", "/api/builds/1", "GET"),
        ("POST", "/", "GET"),
        ("OPTIONS", "/api/projects", "POST"),
    ],
)
def test_another_method_is_a_405_that_says_which(ask: Examiner, method: str, path: str, allowed: str) -> None:
    """Failure: the envelope, for what the framework refuses too."""
    answer = ask(method, path)
    assert answer.status == 405
    assert allowed in answer.headers["Allow"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_kind_is_a_415(ask: Examiner, kind: str) -> None:
    """415"""
    answer = ask("POST", "/api/projects", {"name": "kind", "repo": "a/b"}, headers={"Content-Type": kind})
    assert answer.status == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_json_with_parameters_too(ask: Examiner, idle: Any, kind: str) -> None:
    """JSON in and out."""
    assert ask("PATCH", "/api/projects/idle", {}, headers={"Content-Type": kind}).status == 200


def test_a_body_that_is_too_large_is_a_413(ask: Examiner) -> None:
    """413 `PAYLOAD_TOO_LARGE`"""
    body = b'{"name": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    assert ask("POST", "/api/projects", body).refusal == (413, "PAYLOAD_TOO_LARGE")

    def chunks() -> Any:
        yield from (body[n : n + 65536] for n in range(0, len(body), 65536))

    answer = ask("POST", "/api/projects", data=chunks(), headers={"Content-Type": "application/json"})
    assert answer.refusal == (413, "PAYLOAD_TOO_LARGE")
