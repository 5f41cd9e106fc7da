"""Pull requests over the API: delivered, shown, approved."""

from __future__ import annotations

from typing import Any

from lci_app.core.model import Build, Scope
from lci_app.core.payload import sign
from lci_app.core.project import Project
from lci_app.interfaces import Placed
from tests.adapters.sqlite_store import pull_request_build
from tests.api.rig import SECRET, Answer, Rig
from tests.makers import COMMIT, pull_request_body


async def deliver(rig: Rig, body: bytes, **headers: str) -> Answer:
    given = {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": "d1", "X-Hub-Signature-256": sign(SECRET, body)}
    return await rig.post("/webhook/github", body, scope=None, **given | headers)


async def a_waiting(rig: Rig, **settings: Any) -> tuple[Project, Build]:
    shop = await rig.a_project("shop", **{"pull_requests": "forks_after_approval", **settings})
    placed = await rig.store.queue_build(pull_request_build(shop), rig.clock.now())
    assert isinstance(placed, Placed)
    build = placed.build
    return shop, build


async def test_what_waits_for_approval_has_no_place_in_the_queue_before_it(rig: Rig) -> None:
    _, build = await a_waiting(rig)
    rebuilt = await rig.post(f"/api/builds/{build.id}/rebuild")
    assert (rebuilt.data["queue_position"], rebuilt.data["waits_for"]) == (None, "approval")
    assert (await rig.get(f"/api/builds/{build.id}")).data["queue_position"] is None
    await rig.post(f"/api/builds/{build.id}/approve")
    assert (await rig.get(f"/api/builds/{build.id}")).data["queue_position"] == 1


async def test_a_pull_request_is_ignored_by_default_with_its_reason(rig: Rig) -> None:
    await rig.a_project("shop")
    answer = await deliver(rig, pull_request_body())
    assert (answer.status, answer.data["ignored"], answer.data["builds"]) == (200, "event", [])
    assert "pull_requests is off" in answer.data["reason"]


async def test_one_that_is_built_says_what_it_waits_for(rig: Rig) -> None:
    await rig.a_project("shop", pull_requests="forks_after_approval")
    answer = await deliver(rig, pull_request_body())
    assert answer.status == 202
    (queued,) = answer.data["builds"]
    assert (queued["status"], queued["waits_for"], queued["commit_hash"]) == ("Queued", "approval", COMMIT)
    assert queued["trigger"] == "pull_request"
    shown = (await rig.get(f"/api/builds/{queued['build_id']}")).data
    assert (shown["trust"], shown["pull_request"], shown["waits_for"], shown["deploy"]) == (
        "untrusted",
        7,
        "approval",
        False,
    )
    again = await deliver(rig, pull_request_body())
    assert (again.status, again.data["ignored"]) == (200, "duplicate")


async def test_the_secret_is_asked_for_as_of_every_delivery(rig: Rig) -> None:
    await rig.a_project("shop", pull_requests="forks_after_approval")
    refused = await deliver(rig, pull_request_body(), **{"X-Hub-Signature-256": sign("other", pull_request_body())})
    assert (refused.status, refused.code) == (403, "SIGNATURE_INVALID")


async def test_a_deployer_approves_and_that_is_written_down(rig: Rig) -> None:
    _, build = await a_waiting(rig)
    path = f"/api/builds/{build.id}/approve"
    assert (await rig.post(path, scope=Scope.READ)).status == 403
    approved = await rig.post(path, {"commit_hash": build.commit_hash}, scope=Scope.DEPLOY)
    assert (approved.status, approved.data["waits_for"], approved.data["approved_by"]) == (200, None, "token deploy")
    entries = (await rig.get("/api/audit")).data["entries"]
    entry = next(each for each in entries if each["action"] == "approve_build" and each["status"] == 200)
    assert (entry["actor"], entry["subject"], entry["fields"]) == ("token deploy", str(build.id), ["commit_hash"])


async def test_what_cannot_be_approved_says_why(rig: Rig) -> None:
    shop, build = await a_waiting(rig)
    path = f"/api/builds/{build.id}/approve"
    other = await rig.post(path, {"commit_hash": "d" * 40})
    assert (other.status, other.code) == (409, "CONFLICT")
    malformed = await rig.post(path, {"commit_hash": "d"})
    assert (malformed.status, malformed.details["field"]) == (400, "commit_hash")
    push = await rig.a_build(shop)
    assert (await rig.post(f"/api/builds/{push.id}/approve")).code == "CONFLICT"
    assert (await rig.post("/api/builds/4711/approve")).code == "BUILD_NOT_FOUND"
    await rig.post(f"/api/builds/{build.id}/cancel")
    assert (await rig.post(path)).code == "BUILD_FINISHED"


async def test_a_token_of_other_projects_sees_nothing_to_approve(rig: Rig) -> None:
    _, build = await a_waiting(rig)
    other = await rig.a_project("forge")
    _, header = await rig.a_token(scope=Scope.DEPLOY, projects=[other.id])
    refused = await rig.post(f"/api/builds/{build.id}/approve", scope=None, Authorization=header)
    assert (refused.status, refused.code) == (404, "BUILD_NOT_FOUND")


async def test_pull_requests_are_a_setting_of_the_project(rig: Rig) -> None:
    created = await rig.post("/api/projects", {"name": "shop", "repo": "acme/shop"})
    assert created.data["pull_requests"] == "off"
    changed = await rig.call("PATCH", "/api/projects/shop", {"pull_requests": "same_repository"})
    assert changed.data["pull_requests"] == "same_repository"
    refused = await rig.call("PATCH", "/api/projects/shop", {"pull_requests": "on"})
    assert (refused.status, refused.details["field"]) == (400, "pull_requests")
