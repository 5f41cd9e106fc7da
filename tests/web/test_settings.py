"""A project's settings, its containers and its end, as they are handled in the browser."""

from __future__ import annotations

import pytest
import requests

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import WAIT_SECONDS, Refused, Service


def test_a_project_is_changed_stopped_started_and_removed(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/settings")
    repository.commit({"index.html": "first"})
    service.register("settings", repository.url)
    service.succeed("settings")
    found = run_scenario("settings", {"url": service.url, "token": service.token, "project": "settings"})
    assert found["complaints"] == []
    assert "512m" in found["refused"]
    assert found["goes"].startswith("1 build with logs and outputs and 1 container go for good")
    with pytest.raises(Refused) as refused:
        service.get("/api/projects/settings")
    assert refused.value.status == 404


def test_every_setting_can_be_changed_and_says_where_it_comes_from(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/edited")
    repository.commit({"index.html": "first", ".lci.toml": "[deploy]\nhealth_check_retries = 7\ndrain_timeout = 4\n"})
    service.register("edited", repository.url)
    service.succeed("edited")

    def visit() -> list[object]:
        answer = requests.get(f"{service.proxy_url}/edited/", timeout=WAIT_SECONDS)
        return [answer.status_code, "Back at noon" in answer.text]

    options = {"url": service.url, "token": service.token, "project": "edited"}
    steps = {"project": lambda: service.get("/api/projects/edited"), "visit": visit}
    found = run_scenario("edit", options, steps)
    assert found["complaints"] == []
    changed = {
        "build_script": ["ci/build.sh", "build.sh"],
        "runtime_before": "test -e index.html",
        "keep_failed": True,
        "runtime_read_only": True,
        "rewrite_redirects": False,
        "scope_cookies": False,
        "build_cpus": 0.5,
        "runtime_cpus": 2,
        "cache_mode": "isolated",
        "pull": "always",
        "queue_policy": "latest",
        "pull_requests": "same_repository",
        "queue_limit": 2,
        "start_period": 1.5,
        "bake_seconds": 3,
        "health_check_status": "200-299",
        "repo_token_set": True,
    }
    assert {name: found["first"][name] for name in changed} == changed
    assert (found["second"]["repo_token_set"], found["second"]["build_cpus"]) == (False, None)
    assert found["second"]["branch"] == service.get("/api/projects/edited")["branch"] == "main"
    assert (found["during"], found["after"]) == ([503, True], [200, False])
