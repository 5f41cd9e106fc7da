"""`http-api.md`, "Project fields": their defaults, their limits, and that they come back as they were given."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.asking import Examiner

DEFAULTS: dict[str, Any] = {
    "branch": "main",
    "path_filter": "**",
    "cache_type": "none",
    "cache_mode": "shared",
    "runtime_port": 8080,
    "mount_path": "/app",
    "health_check_url": "/",
    "health_check_timeout": 30,
    "health_check_interval": 5,
    "health_check_retries": 10,
    "build_env": {},
    "runtime_env": {},
    "domains": [],
    "strip_prefix": True,
    "drain_timeout": 30,
    "parameters": {},
    "keep_releases": 5,
    "auto_deploy": True,
}


OPTIONAL = {*DEFAULTS, "working_directory", "build_timeout", "build_memory", "build_cpus", "runtime_memory",
            "runtime_cpus", "queue_key"}  # fmt: skip


NEEDED_BY_A_BUILD = {"build_image", "build_command", "runtime_image", "runtime_command"}


ASSIGNED = {"id", "blue_port", "green_port", "active_slot", "public_url", "webhook_url", "created_at", "updated_at"}


EVERYTHING: dict[str, Any] = {
    "repo": "https://git.example.com/acme/everything.git",
    "branch": "release/1.x",
    "path_filter": "backend/**, !**/*.md",
    "working_directory": "backend/api",
    "cache_type": ["gradle", "npm"],
    "cache_mode": "isolated",
    "build_image": "gradle:jdk17",
    "build_command": "./gradlew bootJar\ncp build/libs/*.jar /output/app.jar\n",
    "runtime_image": "eclipse-temurin:17-jre",
    "runtime_command": ["java", "-jar", "/srv/app.jar"],
    "runtime_port": 1,
    "mount_path": "/srv",
    "health_check_url": "/actuator/health?deep=1",
    "health_check_timeout": 2.5,
    "health_check_interval": 0.1,
    "health_check_retries": 1,
    "build_env": {"GRADLE_OPTS": "-Xmx1g", "EMPTY": ""},
    "runtime_env": {"A": "ä = 'quoted' $HOME"},
    "build_timeout": 60,
    "build_memory": "2g",
    "build_cpus": 1.5,
    "runtime_memory": "512m",
    "runtime_cpus": 0.5,
    "domains": ["everything.example.com", "www.everything.example.com"],
    "strip_prefix": False,
    "drain_timeout": 0.5,
    "queue_key": "{project}-{branch}",
    "keep_releases": 1,
    "auto_deploy": False,
}


def test_only_name_and_repo_are_required_and_the_defaults_are_the_papers(ask: Examiner) -> None:
    """Required: `name`, `repo`. Optional: `branch` (`main`), `path_filter` (`**` …), … `auto_deploy` (true)."""
    made = ask("POST", "/api/projects", {"name": "plain", "repo": "acme/plain"})
    assert made.status == 201
    assert {name: made.data[name] for name in DEFAULTS} == DEFAULTS
    assert OPTIONAL | NEEDED_BY_A_BUILD | ASSIGNED | {"name", "repo"} <= set(made.data)
    assert (made.data["name"], made.data["repo"]) == ("plain", "acme/plain")


def test_every_field_comes_back_as_it_was_given(ask: Examiner) -> None:
    """201; the whole project."""
    made = ask("POST", "/api/projects", {"name": "everything", **EVERYTHING})
    assert made.status == 201
    shown = ask("GET", "/api/projects/everything")
    (listed,) = [
        each for each in ask("GET", "/api/projects?limit=200").data["projects"] if each["name"] == "everything"
    ]
    for document in (made.data, shown.data, listed):
        assert {name: document[name] for name in EVERYTHING} == EVERYTHING


def test_every_field_but_the_fixed_ones_can_be_changed(ask: Examiner) -> None:
    """The fields given; `name` and the ports are fixed."""
    ask("POST", "/api/projects", {"name": "changing", "repo": "acme/changing"})
    for name, value in EVERYTHING.items():
        given = [f"changing.{each}" for each in value] if name == "domains" else value
        method = "PUT" if len(name) % 2 else "PATCH"
        before = ask("GET", "/api/projects/changing").data
        after = ask(method, "/api/projects/changing", {name: given})
        assert after.status == 200, after.error
        assert after.data[name] == given
        others = set(after.data) - {name, "revision", "updated_at"}
        assert {each: after.data[each] for each in others} == {each: before[each] for each in others}


def test_an_empty_change_is_a_change_of_nothing(ask: Examiner) -> None:
    """The fields given."""
    before = ask("POST", "/api/projects", {"name": "same", "repo": "acme/same"}).data
    after = ask("PUT", "/api/projects/same", {}).data
    assert {k: v for k, v in after.items() if k not in {"updated_at", "revision"}} == {
        k: v for k, v in before.items() if k not in {"updated_at", "revision"}
    }
    assert after["created_at"] == before["created_at"]


@pytest.mark.parametrize(
    "fixed", [{"name": "other"}, {"blue_port": 1}, {"green_port": 1}, {"id": 5}, {"active_slot": "Blue"},
              {"public_url": "x"}, {"created_at": "x"}]
)  # fmt: skip
def test_what_is_fixed_or_assigned_cannot_be_changed(ask: Examiner, idle: Any, fixed: dict[str, Any]) -> None:
    """`name` and the ports are fixed."""
    for method in ("PUT", "PATCH"):
        assert ask(method, "/api/projects/idle", fixed).field == next(iter(fixed))


@pytest.mark.parametrize("name", ["a", "z9", "0a", "a" * 63, "a-b", "a--b", "1-a", "x" + "-" * 61 + "y"])
def test_names_at_their_limits(ask: Examiner, name: str) -> None:
    """`name` (`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, with a letter)"""
    assert ask("POST", "/api/projects", {"name": name, "repo": "a/b"}).status == 201
    assert ask("GET", f"/api/projects/{name}").data["name"] == name


@pytest.mark.parametrize(
    "name",
    ["", "a" * 64, "-a", "a-", "-", "A", "aB", "a_b", "a.b", "a b", "a\n", "\na", "ä", "1", "0-9", "\uff19a", "a/b"],
)
def test_names_beyond_their_limits(ask: Examiner, name: str) -> None:
    assert ask("POST", "/api/projects", {"name": name, "repo": "a/b"}).field == "name"


@pytest.mark.parametrize(
    "repo",
    ["owner/name", "o.w-n_er/na.me", "https://example.com/a/b.git", "http://127.0.0.1:3000/a/b", "ssh://git@h:2222/a/b",
     "git@github.com:a/b.git", "file:///srv/git/a.git", "http://localhost/a/b", "https://user@example.com/a/b"],
)  # fmt: skip
def test_every_form_of_address_is_taken(ask: Examiner, repo: str) -> None:
    """`repo`: `owner/name` or any `https://`, `http://`, `ssh://`, `git@host:…`, `file://` URL. An administrator may
    register any address, loopback included."""
    name = f"r{abs(hash(repo))}"
    assert ask("POST", "/api/projects", {"name": name, "repo": repo}).data["repo"] == repo


NO_ADDRESSES = [
    "", "name", "a/b/c", "ftp://example.com/a", "/srv/git", "-oProxyCommand=x", "a b/c", "ext::sh -c x", "https://",
    "javascript:alert(1)", "https://example.com/a\nb",
]  # fmt: skip


@pytest.mark.parametrize("repo", NO_ADDRESSES)
def test_no_address_is_refused(ask: Examiner, repo: str) -> None:
    assert ask("POST", "/api/projects", {"name": "nowhere", "repo": repo}).field == "repo"


@pytest.mark.parametrize("cache", ["none", "gradle", "maven", "npm", "pip", "cargo", "pub", "go", ["npm"],
                                   ["gradle", "npm"], []])  # fmt: skip
def test_caches(ask: Examiner, idle: Any, cache: Any) -> None:
    """`cache_type` (`none` · `gradle` · `maven` · `npm` · `pip` · `cargo` · `pub` · `go`, or a list)"""
    assert ask("PUT", "/api/projects/idle", {"cache_type": cache}).data["cache_type"] == cache


@pytest.mark.parametrize("command", ["", "java -jar /app/app.jar", ["java", "-jar"], []])
def test_a_runtime_command_is_text_or_a_list_or_empty(ask: Examiner, idle: Any, command: Any) -> None:
    """`runtime_command`: text runs as `sh -c`, a list as it is (exec form), empty means the image's own command."""
    assert ask("PUT", "/api/projects/idle", {"runtime_command": command}).data["runtime_command"] == command


def test_an_interval_is_at_least_a_tenth_of_a_second(ask: Examiner, idle: Any) -> None:
    """Durations: seconds, a number (fractions allowed; `health_check_interval` ≥ 0.1)."""
    assert ask("PUT", "/api/projects/idle", {"health_check_interval": 0.1}).status == 200
    for bad in (0.09, 0, -1):
        assert ask("PUT", "/api/projects/idle", {"health_check_interval": bad}).field == "health_check_interval"
    for name in ("drain_timeout", "health_check_timeout", "build_timeout"):
        assert ask("PUT", "/api/projects/idle", {name: 1.25}).data[name] == 1.25
