"""A project's settings, its containers and its end, as they are handled in the browser."""

from __future__ import annotations

import pytest

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.service import Refused, Service


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
