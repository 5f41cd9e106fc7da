"""Secrets, as they are handled in the browser: what is typed there reaches builds and containers, and no eye."""

from __future__ import annotations

import requests

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import IMAGE, WAIT_SECONDS, Service


def test_a_secret_goes_from_the_wizard_to_the_container_and_is_never_shown(
    service: Service, git_server: GitServer
) -> None:
    repository = git_server.create("acme/sealed")
    repository.commit({"readme": "sealed"})

    def visit() -> str:
        return requests.get(f"{service.proxy_url}/sealed/", timeout=WAIT_SECONDS).text

    options = {"url": service.url, "token": service.token, "repository": repository.url, "image": IMAGE}
    steps = {"visit": visit, "build": lambda: service.succeed("sealed")["id"]}
    found = run_scenario("secrets", options, steps)
    assert found["complaints"] == []
    assert found["found"] == []
    assert (found["first"], found["second"]) == ("served-value", "served-anew")
    assert found["goes"].startswith("Its value is gone for good. It is chosen for build: ")
    assert found["shown"] == []
    facts = service.get("/api/projects/sealed")
    assert facts["build_secrets"] == ["COMMON", "BUILT"]
    assert facts["runtime_secrets"] == ["SERVED", "SPARE"]
