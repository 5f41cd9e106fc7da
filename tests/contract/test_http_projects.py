"""`http-api.md`, "Projects": registered, shown, changed and removed. Nothing here is ever built."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from typing import Any

import pytest

from tests.contract.asking import ABOUT_PERSONS, TIMESTAMP, Examiner
from tests.whole.service import Service

SLOT = {"status", "port", "container_id", "build_id", "build_number", "commit_hash", "started_at", "uptime_seconds",
        "health"}  # fmt: skip


def test_a_name_is_given_once(ask: Examiner, idle: Any) -> None:
    """409 `PROJECT_EXISTS`"""
    assert ask("POST", "/api/projects", {"name": "idle", "repo": "a/b"}).refusal == (409, "PROJECT_EXISTS")


def test_a_domain_belongs_to_one_project(ask: Examiner) -> None:
    """`domains` (unique over all projects); 409 `DOMAIN_TAKEN`"""
    ask("POST", "/api/projects", {"name": "domain-a", "repo": "a/b", "domains": ["taken.example.com"]})
    for taken in ("taken.example.com", "TAKEN.example.com"):
        refused = ask("POST", "/api/projects", {"name": "domain-b", "repo": "a/b", "domains": ["free.org", taken]})
        assert refused.refusal == (409, "DOMAIN_TAKEN")
    assert ask("GET", "/api/projects/domain-b").status == 404
    ask("POST", "/api/projects", {"name": "domain-b", "repo": "a/b", "domains": ["b.example.com"]})
    refused = ask("PUT", "/api/projects/domain-b", {"domains": ["taken.example.com"]})
    assert refused.refusal == (409, "DOMAIN_TAKEN")
    assert ask("GET", "/api/projects/domain-b").data["domains"] == ["b.example.com"]
    assert ask("DELETE", "/api/projects/domain-a").status == 200
    assert ask("PUT", "/api/projects/domain-b", {"domains": ["taken.example.com"]}).status == 200


def test_what_lci_assigns(ask: Examiner, service: Service) -> None:
    """Assigned: `id`, `blue_port`, `green_port`, `active_slot` (… null before the first deployment …), `public_url`,
    `webhook_url`, `created_at`, `updated_at`."""
    made = ask("POST", "/api/projects", {"name": "assigned", "repo": "a/b"}).data
    assert made["active_slot"] is None
    assert made["public_url"].rstrip("/") == f"{service.proxy_url}/assigned"
    assert made["webhook_url"] == f"{service.url}/webhook/github"
    assert TIMESTAMP.fullmatch(made["created_at"])
    assert TIMESTAMP.fullmatch(made["updated_at"])
    changed = ask("PUT", "/api/projects/assigned", {"branch": "dev"}).data
    assert changed["updated_at"] >= made["updated_at"]


def test_ports_follow_the_rule_and_are_given_again(own_service: Service) -> None:
    """Project n (counting from 1) gets `port_base + (n-1)*10 + 1` (Blue) and `+ 2` (Green) …; a pair that is taken on
    the host is skipped, a deleted project's pair is free again."""
    base = free_base()
    own_service.stop()
    own_service.start("--port-base", str(base))
    ask = Examiner(own_service)

    def register(name: str) -> tuple[int, int]:
        made = ask("POST", "/api/projects", {"name": name, "repo": "a/b"}).data
        return made["blue_port"] - base, made["green_port"] - base

    assert [register("one"), register("two")] == [(1, 2), (11, 12)]
    for taken in (21, 22):
        with closing(socket.create_server(("127.0.0.1", base + taken))):
            assert register(f"beside-{taken}") == (31, 32)
        ask("DELETE", f"/api/projects/beside-{taken}")
    assert register("three") == (21, 22)
    assert ask("DELETE", "/api/projects/one").status == 200
    assert register("four") == (1, 2)
    own_service.stop()
    own_service.start("--port-base", "9000")
    assert ask("GET", "/api/projects/two").data["blue_port"] == base + 11


def free_base() -> int:
    """Return a base whose first pairs of ports nobody else has at this moment."""
    for base in range(21000, 31000, 100):
        try:
            for number in (1, 2, 11, 12, 21, 22, 31, 32):
                socket.create_server(("127.0.0.1", base + number)).close()
        except OSError:
            continue
        return base
    raise AssertionError("no free ports")


def test_the_status_of_a_project_that_was_never_deployed(ask: Examiner, idle: Any) -> None:
    """`{active_slot, blue: {status, port, container_id, build_id, build_number, commit_hash, started_at,
    uptime_seconds, health}, green: {…}, public_url}`"""
    status = ask("GET", "/api/projects/idle/status").data
    assert set(status) >= {"active_slot", "blue", "green", "public_url"}
    assert (status["active_slot"], status["public_url"]) == (None, idle["public_url"])
    for slot in ("blue", "green"):
        assert set(status[slot]) == SLOT
        assert (status[slot]["status"], status[slot]["port"]) == ("empty", idle[f"{slot}_port"])
        assert status[slot]["health"] == "unknown"
        empty = SLOT - {"status", "port", "health"}
        assert all(status[slot][name] is None for name in empty)


def test_the_list_shows_the_last_build_and_the_live_slots(ask: Examiner) -> None:
    """`{total, projects: […]}`; each with `last_build` and the live state of its slots."""
    ask("POST", "/api/projects", {"name": "listed", "repo": "a/b"})
    last = ask("POST", "/api/projects/listed/builds", {}).data["build_id"]
    ask("POST", f"/api/builds/{last}/cancel")
    answer = ask("GET", "/api/projects?limit=200").data
    assert set(answer) == {"total", "projects"}
    (listed,) = [each for each in answer["projects"] if each["name"] == "listed"]
    assert listed["last_build"]["id"] == last
    assert set(listed["blue"]) == set(listed["green"]) == SLOT
    (never,) = [each for each in answer["projects"] if each["last_build"] is None][:1]
    assert never["active_slot"] is None


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("switch", {"target_slot": "Blue"}, "SLOT_EMPTY"),
        ("switch", {"target_slot": "Green"}, "SLOT_EMPTY"),
        ("rollback", {}, "NOTHING_RETAINED"),
        ("restart", {}, "SLOT_EMPTY"),
        ("restart", {"slot": "Green"}, "SLOT_EMPTY"),
        ("stop", None, "SLOT_EMPTY"),
        ("start", None, "SLOT_EMPTY"),
    ],
)
def test_where_nothing_runs_there_is_nothing_to_do(ask: Examiner, idle: Any, path: str, body: Any, code: str) -> None:
    """409 `SLOT_EMPTY` / `NOTHING_RETAINED`"""
    refused = ask("POST", f"/api/projects/idle/{path}", body)
    assert refused.refusal == (409, code)
    if path == "switch":
        assert "rollback" in refused.error["message"].lower()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("switch", {}, "target_slot"),
        ("switch", {"target_slot": "Red"}, "target_slot"),
        ("switch", {"target_slot": None}, "target_slot"),
        ("switch", {"slot": "Blue", "target_slot": "Blue"}, "slot"),
        ("rollback", {"build_id": "1"}, "build_id"),
        ("rollback", {"build_id": 0}, "build_id"),
        ("rollback", {"build_id": 1.5}, "build_id"),
        ("rollback", {"build": 1}, "build"),
        ("auto-deploy", {}, "enabled"),
        ("auto-deploy", {"enabled": "true"}, "enabled"),
        ("auto-deploy", {"enabled": 1}, "enabled"),
        ("restart", {"slot": "Red"}, "slot"),
        ("restart", {"slots": "Blue"}, "slots"),
        ("stop", {"slot": "Blue"}, "slot"),
        ("start", {"now": True}, "now"),
    ],
)
def test_a_body_of_another_shape_is_refused(ask: Examiner, idle: Any, path: str, body: Any, field: str) -> None:
    """Unknown body fields are refused (`VALIDATION_ERROR` naming the field)."""
    assert ask("POST", f"/api/projects/idle/{path}", body).field == field


def test_unknown_query_parameters_are_refused_everywhere(ask: Examiner, idle: Any) -> None:
    """Unknown query parameters … are refused (`VALIDATION_ERROR` naming the field): a typo must not pass silently."""
    build = ask("POST", "/api/projects/idle/builds", {}).data["build_id"]
    paths = ask("GET", "/openapi.json").data["paths"]
    for path, operations in paths.items():
        for method in operations:
            if path in {"/ws", "/webhook/github"} | ABOUT_PERSONS:
                continue
            at = path.replace("{project}", "idle").replace("{build_id}", str(build)).replace("{name}", "docs.js")
            at = at.replace("{delivery_id}", "1").replace("{path}", "x")
            answer = ask(method.upper(), f"{at}?limt=5")
            assert answer.field == "limt", (method, path)


def test_unknown_body_fields_are_refused_everywhere(ask: Examiner, idle: Any) -> None:
    build = ask("POST", "/api/projects/idle/builds", {}).data["build_id"]
    valid: dict[str, dict[str, Any]] = {"switch": {"target_slot": "Blue"}, "auto-deploy": {"enabled": True},
             "projects": {"name": "never", "repo": "a/b"}}  # fmt: skip
    paths = ask("GET", "/openapi.json").data["paths"]
    for path, operations in paths.items():
        for method in {"post", "put", "patch", "delete"} & set(operations):
            if path == "/webhook/github" or path in ABOUT_PERSONS:
                continue
            at = path.replace("{project}", "idle").replace("{build_id}", str(build)).replace("{delivery_id}", "1")
            body = {**valid.get(path.rpartition("/")[2], {}), "bogus_field": 1}
            assert ask(method.upper(), at, body).field == "bogus_field", (method, path)
    assert ask("GET", "/api/projects/idle").status == 200


def test_automatic_deployment_is_turned_off_and_on(ask: Examiner, idle: Any) -> None:
    """`POST /api/projects/{id}/auto-deploy` `{enabled}`"""
    for enabled in (False, False, True):
        answer = ask("POST", "/api/projects/idle/auto-deploy", {"enabled": enabled})
        assert (answer.status, answer.data["auto_deploy"]) == (200, enabled)
        assert ask("GET", "/api/projects/idle").data["auto_deploy"] is enabled


def test_what_a_deletion_answers(ask: Examiner) -> None:
    """`{containers_removed, builds_deleted, bytes_freed}`"""
    ask("POST", "/api/projects", {"name": "gone", "repo": "a/b"})
    build, *_ = [ask("POST", "/api/projects/gone/builds", {}).data["build_id"] for _ in range(3)]
    answer = ask("DELETE", "/api/projects/gone")
    assert answer.status == 200
    assert set(answer.data) == {"containers_removed", "builds_deleted", "bytes_freed"}
    assert (answer.data["containers_removed"], answer.data["builds_deleted"]) == (0, 3)
    assert ask("GET", "/api/projects/gone").refusal == (404, "PROJECT_NOT_FOUND")
    assert ask("GET", f"/api/builds/{build}").refusal == (404, "BUILD_NOT_FOUND")
    assert ask("DELETE", "/api/projects/gone").refusal == (404, "PROJECT_NOT_FOUND")


def test_a_project_can_be_registered_by_the_command_line_and_is_the_same(service: Service, ask: Examiner) -> None:
    file = service.data_dir.parent / "cli.toml"
    file.write_text('[project]\nname = "from-cli"\nrepo = "acme/cli"\n[deploy]\nhealth_check = ""\n')
    assert service.cli("project", "add", str(file)).returncode == 0
    shown = ask("GET", "/api/projects/from-cli").data
    assert shown["health_check_url"] == ""
    listed = json.loads(service.cli("project", "list", "--json").stdout)
    assert "from-cli" in json.dumps(listed)
