"""People, tokens and one's own account, as they are handled in the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import requests

from tests.web.browser import run_scenario
from tests.whole.service import WAIT_SECONDS, Service, run_service


def asker(service: Service) -> Callable[[str], list[int]]:
    """Return what asks lci by a token for a project, for another, and for what is of all of lci."""
    paths = ("/api/projects/shop", "/api/projects/other", "/api/users")

    def ask(token: str) -> list[int]:
        headers = {"Authorization": f"Bearer {token}"}
        return [requests.get(service.url + path, headers=headers, timeout=WAIT_SECONDS).status_code for path in paths]

    return ask


def test_somebody_is_let_in_and_a_token_is_made_and_taken_back(tmp_path: Path) -> None:
    with run_service(tmp_path / "data") as service:
        for name in ("shop", "other"):
            service.register(name, f"acme/{name}")
        link = (service.data_dir / "set-up-link").read_text().strip()
        options = {"url": service.url, "link": link, "project": "shop"}
        found = run_scenario("access", options, {"ask by": asker(service)})
        assert found["complaints"] == []
        assert found["found"] == []
        assert found["before"] == [200, 404, 403]
        assert found["after"] == [401, 401, 401]
        assert found["goes"].startswith("It has the scope Deploy for shop; it was last used: ")
        assert found["removal"] == "ben is signed out everywhere."
        assert found["written"] >= 6
        assert [user["name"] for user in service.get("/api/users")["users"]] == ["anna"]
        assert [token["name"] for token in service.get("/api/tokens")["tokens"]] == ["tests"]
