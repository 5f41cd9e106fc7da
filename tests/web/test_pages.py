"""Every page, as people of all kinds meet it: axe finds nothing, it fits a narrow window, it asks nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.pull_requests import deliver, pull_request
from tests.whole.service import Service, push_payload, run_service

# Until the build is told to end, by the file that its own output directory shows it.
TALK = "i=0; while [ ! -e /output/end ]; do i=$((i + 1)); echo line $i; sleep 0.2; done"
PICTURES = "LCI_SCREENSHOTS"
# Set, every look is looked at: half of them take half of the time.
EVERY_LOOK = "LCI_EVERY_LOOK"
# What opens these dialogs, whatever the language.
SWITCH = "[data-slot] > div > button"
STOP = ".page header button.quiet >> nth=1"
DELETE = "section > div > button.danger"


@pytest.fixture(scope="module")
def pages(service: Service, git_server: GitServer) -> list[dict[str, Any]]:
    return all_pages(*filled(service, git_server))


def test_every_page_is_for_everybody(service: Service, pages: list[dict[str, Any]], tmp_path: Path) -> None:
    _look_at([page for page in pages if "name" not in page], service, tmp_path)


def test_so_is_every_dialog_and_every_step(service: Service, pages: list[dict[str, Any]], tmp_path: Path) -> None:
    _look_at([page for page in pages if "name" in page], service, tmp_path)


def _look_at(pages: list[dict[str, Any]], service: Service, tmp_path: Path) -> None:
    pictures = Path(os.environ.get(PICTURES, tmp_path))
    options = {"url": service.url, "token": service.token, "pages": pages, "screenshots": str(pictures)}
    found = run_scenario("pages", {**options, "all": EVERY_LOOK in os.environ})
    assert found["found"] == []
    assert found["complaints"] == []
    assert len(list(pictures.glob("*.png"))) >= 2 * len(pages)


def test_so_is_what_somebody_meets_who_has_nothing_yet(tmp_path: Path) -> None:
    with run_service(tmp_path / "data") as service:
        pages = [
            {"path": "/", "ready": ".button.primary", "name": "empty"},
            {"path": "/builds", "ready": "code", "name": "empty"},
            {"path": "/sign-in", "ready": "form", "stranger": True},
            {"path": "/welcome", "ready": "form", "stranger": True},
        ]
        pictures = Path(os.environ.get(PICTURES, tmp_path))
        options = {"url": service.url, "token": service.token, "pages": pages, "screenshots": str(pictures)}
        assert run_scenario("pages", options) == {"complaints": [], "found": []}


def filled(service: Service, git_server: GitServer) -> tuple[Any, ...]:
    """Return a repository, and builds: one live, one failed, one whose version was not healthy, one that runs, one that
    waits for approval. Of the project `baked` both slots run."""
    repository = git_server.create("acme/pages")
    commit = repository.commit({"index.html": "first"}, "Open the shop")
    service.register("pages", repository.url)
    live = service.succeed("pages")
    service.push(push_payload(repository.url, commit, ref="refs/heads/other"))
    service.call("PATCH", "/api/projects/pages", {"build_command": r"echo '\033[31mFAIL\033[0m a.test'; exit 1"})
    failed = service.build_now("pages")
    service.register(
        "sick",
        repository.url,
        runtime_command="echo 'no port for me'; sleep 60",
        health_check_retries=2,
        start_period=0,
    )
    sick = service.build_now("sick")
    service.call("PUT", "/api/registries/ghcr.io", {"username": "ana", "password": "of-no-use-anywhere"})
    service.register("busy", repository.url, build_command=TALK)
    running = service.post("/api/projects/busy/builds", {"deploy": False})["build_id"]
    service.register("baked", repository.url, bake_seconds=3600)
    for _ in "Blue", "Green":
        service.succeed("baked")
    service.register("guest", repository.url, pull_requests="forks_after_approval")
    offered = repository.offer(1, {"index.html": "offered"})
    (waiting,) = deliver(service, pull_request(repository.url, offered)).json()["data"]["builds"]
    return repository.url, live, failed, sick, service.wait_build(running, "Building"), waiting


def all_pages(
    repo: str,
    live: dict[str, Any],
    failed: dict[str, Any],
    sick: dict[str, Any],
    running: dict[str, Any],
    waiting: dict[str, Any],
) -> list[dict[str, Any]]:
    """Return each address, what is there when its page is, and what is done before it is looked at."""
    project, build = "/projects/pages", f"/builds/{live['id']}"
    waits = f"/builds/{waiting['build_id']}"
    ready = {
        "/": "article .tail",
        "/builds": "tbody tr",
        "/builds?status=Failed": "tbody tr",
        "/builds/x": "h1",
        "/setup": "form",
        project: "[data-slot] dl",
        f"{project}/builds": "[data-skipped]",
        f"{project}/deployments": "li .state",
        f"{project}/runtime": "select",
        f"{project}/secrets": ".empty",
        f"{project}/settings": "fieldset",
        "/projects/sick/deployments": "li details",
        build: ".viewer .system",
        f"{build}/artifacts": "tbody tr",
        f"{build}/configuration": "tbody tr",
        f"{build}/raw": "pre",
        f"/builds/{failed['id']}": ".why .around",
        f"/builds/{sick['id']}": ".why table",
        f"/builds/{running['id']}": ".viewer .stdout",
        waits: ".approval button",
        "/settings/account": "section button",
        "/settings/users": ".empty, tbody tr",
        "/settings/tokens": "tbody tr",
        "/settings/github": "fieldset",
        "/settings/audit": "tbody tr",
        "/settings/secrets": ".empty, tbody tr",
        "/settings/registries": "[data-registry]",
        "/settings/webhook": "dd code",
        "/settings/deliveries": "tbody tr",
        "/settings/service": "tbody tr",
        "/settings/system": "meter",
        "/settings/appearance": "fieldset",
    }
    pages: list[dict[str, Any]] = [{"path": path, "ready": selector} for path, selector in ready.items()]
    repository = [["form input", repo]]
    return [
        *pages,
        {"path": "/nothing/of/that/name", "ready": "h1", "status": 404},
        *(
            {
                "path": "/setup",
                "ready": "form",
                "type": repository,
                "click": ["form .primary"] * step,
                "name": f"{step}",
            }
            for step in (1, 2, 3)
        ),
        {"path": "/", "ready": "article", "press": "?", "name": "keys"},
        {"path": "/", "ready": "article", "press": "/", "name": "palette"},
        {"path": project, "ready": "[data-slot] dl", "press": "r", "name": "rollback"},
        {"path": project, "ready": "[data-slot] dl", "click": STOP, "name": "stop"},
        {"path": "/projects/baked", "ready": SWITCH, "click": SWITCH, "name": "switch"},
        {"path": f"{project}/settings", "ready": DELETE, "click": DELETE, "name": "delete"},
        {"path": f"/builds/{running['id']}", "ready": ".viewer .stdout", "press": "x", "name": "cancel"},
        {"path": waits, "ready": ".approval button", "press": "a", "name": "approve"},
        {"path": "/docs", "ready": ".entry", "click": ".entry summary", "load": True},
    ]
