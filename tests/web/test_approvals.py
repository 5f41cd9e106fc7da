"""The build of a fork's pull request in the browser: it waits, its commit is approved, and everybody sees it run."""

from __future__ import annotations

from pathlib import Path

from tests.git_server import GitServer
from tests.web.browser import run_scenario
from tests.whole.pull_requests import deliver, pull_request
from tests.whole.service import Service, run_service


def test_the_commit_of_a_fork_waits_is_approved_and_built_before_everybodys_eyes(
    git_server: GitServer, tmp_path: Path
) -> None:
    with run_service(tmp_path / "data") as service:
        _offered_and_approved(service, git_server)


def _offered_and_approved(service: Service, git_server: GitServer) -> None:
    repository = git_server.create("acme/offered")
    repository.commit({"index.html": "first"}, "Open the shop")
    service.register("offered", repository.url, pull_requests="forks_after_approval")
    service.succeed("offered")
    offered: list[str] = []

    def offer() -> int:
        """Push to the pull request, and return the build of that."""
        commit = repository.offer(1, {"index.html": f"pwned {len(offered)}"})
        before = {"action": "synchronize", "before": offered[-1], "after": commit} if offered else {}
        offered.append(commit)
        (queued,) = deliver(service, pull_request(repository.url, commit, **before)).json()["data"]["builds"]
        return int(queued["build_id"])

    viewer = service.post("/api/tokens", {"name": "viewer", "scope": "read"})["token"]
    options = {"url": service.url, "token": service.token, "viewer": viewer, "project": "offered"}
    found = run_scenario("approvals", options, {"offer": offer})
    assert found["complaints"] == []
    assert found["found"] == []
    withdrawn, approved, waiting = (service.get(f"/api/builds/{build}") for build in found["builds"])
    assert (withdrawn["status"], withdrawn["approved_by"]) == ("Cancelled", None)
    assert (approved["status"], approved["commit_hash"]) == ("Success", offered[1])
    assert found["told"] == f"approved by {approved['approved_by']}"
    assert (waiting["waits_for"], waiting["approved_by"]) == ("approval", None)
    assert service.visit("/offered/").text == "first"
    service.post(f"/api/builds/{waiting['id']}/cancel")
