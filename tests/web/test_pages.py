"""Every page, as people of all kinds meet it: axe finds nothing, it fits a narrow window, it asks nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import Service, push_payload

# Each theme, language and width once; scripts/screenshots looks at all that can be combined.
LOOKS = [
    {"theme": "light", "language": "en", "width": 1280},
    {"theme": "dark", "language": "ko", "width": 320},
]


def test_every_page_is_for_everybody(service: Service, git_server: GitServer, tmp_path: Path) -> None:
    pages = all_pages(*filled(service, git_server))
    pictures = Path(os.environ.get("LCI_SCREENSHOTS", tmp_path))
    options = {"url": service.url, "token": service.token, "pages": pages, "looks": LOOKS, "screenshots": str(pictures)}
    found = run_scenario("pages", options)
    assert found == {"complaints": [], "found": []}
    assert len(list(pictures.glob("*.png"))) >= len(LOOKS) * len(pages)


def filled(service: Service, git_server: GitServer) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return builds that went live, that failed, and whose version did not become healthy."""
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
    return live, failed, service.build_now("sick")


def all_pages(live: dict[str, Any], failed: dict[str, Any], sick: dict[str, Any]) -> list[dict[str, str]]:
    """Return each address, and what is there when its page is."""
    project, build = "/projects/pages", f"/builds/{live['id']}"
    ready = {
        "/": "article",
        "/builds": "tbody tr",
        "/builds/x": "h1",
        "/setup": "form",
        project: "[data-slot] dl",
        f"{project}/builds": "tbody tr",
        f"{project}/deployments": "li .state",
        f"{project}/runtime": "select",
        f"{project}/secrets": ".empty",
        f"{project}/settings": "fieldset",
        build: ".viewer .system",
        f"{build}/artifacts": "tbody tr",
        f"{build}/configuration": "tbody tr",
        f"{build}/raw": "pre",
        f"/builds/{failed['id']}": ".why .around",
        f"/builds/{sick['id']}": ".why table",
        "/settings/account": "section button",
        "/settings/users": ".empty, tbody tr",
        "/settings/tokens": "tbody tr",
        "/settings/github": "fieldset",
        "/settings/audit": "tbody tr",
        "/settings/secrets": ".empty, tbody tr",
        "/settings/webhook": "dd code",
        "/settings/deliveries": "tbody tr",
        "/settings/service": "tbody tr",
        "/settings/system": "meter",
        "/settings/appearance": "fieldset",
    }
    pages = [{"path": path, "ready": selector} for path, selector in ready.items()]
    over = [{"path": "/", "ready": "article", "press": key} for key in ("?", "/")]
    return pages + over
