"""People in the browser: the set-up link, signing out and in, and changing something by a session."""

from __future__ import annotations

from pathlib import Path

from tests.web.browser import run_scenario
from tests.whole.service import run_service


def test_from_the_set_up_link_to_an_administrator_who_comes_back(tmp_path: Path) -> None:
    with run_service(tmp_path / "data") as service:
        service.register("shop", "acme/shop")
        link = (service.data_dir / "set-up-link").read_text().strip()
        assert link.startswith(f"{service.url}/welcome#")
        options = {"url": service.url, "link": link, "project": "shop"}
        assert run_scenario("people", options) == {"complaints": []}
        assert service.get("/api/projects/shop")["domains"] == ["one.example.com"]
