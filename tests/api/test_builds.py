from __future__ import annotations

import pytest

from lci_app.core.model import BuildStatus, Failure, FailureKind, HealthAttempt, Slot, StageKind, StageStatus
from tests.api.rig import Rig
from tests.makers import COMMIT, NOW

BUILD_FIELDS = {
    "id",
    "project_id",
    "project_name",
    "build_number",
    "status",
    "trigger",
    "branch",
    "commit_hash",
    "commit_message",
    "commit_author",
    "queue_key",
    "parameters",
    "deployed_slot",
    "health_check_attempts",
    "queued_at",
    "started_at",
    "finished_at",
    "duration_seconds",
}


async def test_a_build_is_queued_at_once(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    queued = await rig.post("/api/projects/shop/builds", {"commit_hash": COMMIT, "priority": 3, "deploy": False})
    assert queued.status == 202
    promised = {"build_number": 1, "project_id": shop.id, "status": "Queued", "queue_key": "1", "queue_position": 1}
    assert promised.items() <= queued.data.items()
    build = await rig.store.build(queued.data["build_id"])
    assert build is not None
    assert (build.commit_hash, build.priority, build.deploy) == (COMMIT, 3, False)


async def test_a_build_needs_no_body(rig: Rig) -> None:
    await rig.a_project("shop")
    assert (await rig.post("/api/projects/shop/builds")).status == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"commit_hash": "main"}, "commit_hash"),
        ({"branch": "-x"}, "branch"),
        ({"branch": ""}, "branch"),
        ({"priority": "high"}, "priority"),
        ({"deploy": 1}, "deploy"),
        ({"parameters": {"a": 1}}, "parameters.a"),
        ({"parameters": {"a": "b"}}, "parameters"),
        ({"comit_hash": COMMIT}, "comit_hash"),
    ],
)
async def test_a_wrong_field_queues_nothing(rig: Rig, body: object, field: str) -> None:
    await rig.a_project("shop")
    refused = await rig.post("/api/projects/shop/builds", body)
    assert (refused.code, refused.details["field"]) == ("VALIDATION_ERROR", field)
    assert await rig.store.queued_builds() == []


async def test_builds_are_listed_newest_first_and_filtered(rig: Rig) -> None:
    shop, blog = await rig.a_project("shop"), await rig.a_project("blog")
    first, second, third = await rig.a_build(shop), await rig.a_build(blog), await rig.a_build(shop)
    await rig.post(f"/api/builds/{first.id}/cancel")

    async def ids(query: str) -> list[int]:
        return [build["id"] for build in (await rig.get(f"/api/builds{query}")).data["builds"]]

    assert await ids("") == [third.id, second.id, first.id]
    assert await ids(f"?project_id={shop.id}") == [third.id, first.id]
    assert await ids("?status=Cancelled") == [first.id]
    assert await ids("?limit=1&offset=1") == [second.id]
    assert await ids(f"?before_id={third.id}&limit=1") == [second.id]
    of_shop = (await rig.get("/api/projects/shop/builds")).data
    assert (of_shop["total"], [build["id"] for build in of_shop["builds"]]) == (2, [third.id, first.id])


async def test_a_build_has_the_contracts_fields_and_its_place_in_the_queue(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    await rig.a_build(shop)
    build = await rig.a_build(shop)
    shown = (await rig.get(f"/api/builds/{build.id}")).data
    assert shown.keys() > BUILD_FIELDS
    assert (shown["status"], shown["queue_position"], shown["stages"], shown["failure"]) == ("Queued", 2, [], None)


async def test_a_failed_build_says_what_failed(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    await rig.begin(build)
    stage = await rig.store.begin_stage(build.id, "deploy", StageKind.DEPLOY, rig.clock.now())
    await rig.store.end_stage(stage, StageStatus.FAILED, "unhealthy", rig.clock.now())
    attempt = HealthAttempt(1, NOW, "http://127.0.0.1:9001/", ok=False, status=None, error="refused", ms=1.5)
    failure = Failure(
        FailureKind.DEPLOY, "deploy", "HEALTH_CHECK_FAILED", "It never answered.", None, 7, [attempt], ["boom"]
    )
    await rig.store.finish_build(build.id, BuildStatus.FAILED, failure=failure, log_lines=7, at=rig.clock.now())
    shown = (await rig.get(f"/api/builds/{build.id}")).data
    assert shown["queue_position"] is None
    stage_fields = {"name", "status", "started_at", "finished_at", "duration_seconds", "error"}
    assert shown["stages"][0].keys() > stage_fields
    assert shown["stages"][0]["error"] == "unhealthy"
    told = shown["failure"]
    assert (told["kind"], told["stage"], told["code"], told["log_line"]) == (
        "deploy",
        "deploy",
        "HEALTH_CHECK_FAILED",
        7,
    )
    wanted = {"attempt": 1, "at": NOW, "status": None, "error": "refused", "ms": 1.5, "body": ""}
    assert wanted.items() <= told["health_checks"][0].items()
    assert told["container_log"] == ["boom"]


@pytest.mark.parametrize("named", ["99", "abc", "1.5", "-1", "99999999999999999999999", "\u0661"])
async def test_a_build_that_is_not_there_is_a_404_on_every_path(rig: Rig, named: str) -> None:
    for method, path in [
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/rebuild"),
        ("GET", "/logs"),
        ("GET", "/logs/search?q=x"),
        ("GET", "/logs/download"),
        ("GET", "/artifacts"),
        ("GET", "/artifacts/a"),
    ]:
        refused = await rig.call(method, f"/api/builds/{named}{path}")
        assert (refused.status, refused.code) == (404, "BUILD_NOT_FOUND")


async def test_a_build_is_cancelled_once(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    cancelled = await rig.post(f"/api/builds/{build.id}/cancel")
    assert (cancelled.status, cancelled.data["status"]) == (200, "Cancelled")
    refused = await rig.post(f"/api/builds/{build.id}/cancel")
    assert (refused.status, refused.code) == (409, "BUILD_FINISHED")


async def test_a_rebuild_is_a_new_build_of_the_same_commit(rig: Rig) -> None:
    build = await rig.a_build(await rig.a_project("shop"))
    queued = await rig.post(f"/api/builds/{build.id}/rebuild")
    assert queued.status == 202
    wanted = {"trigger": "rebuild", "commit_hash": COMMIT, "build_number": 2}
    assert wanted.items() <= queued.data.items()


async def test_a_rollback_deploys_a_kept_build_and_turns_automatic_deployment_off(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    build = await rig.a_build(shop)
    await rig.begin(build)
    await rig.end(build)
    queued = await rig.post("/api/projects/shop/rollback", {"build_id": build.id})
    assert (queued.status, queued.data["trigger"]) == (202, "rollback")
    assert (await rig.get("/api/projects/shop")).data["auto_deploy"] is False
    assert (await rig.post("/api/projects/shop/rollback", {"build_id": 99})).code == "BUILD_NOT_FOUND"


async def test_without_a_kept_build_there_is_nothing_to_roll_back_to(rig: Rig) -> None:
    await rig.a_project("shop")
    refused = await rig.post("/api/projects/shop/rollback")
    assert (refused.status, refused.code) == (409, "NOTHING_RETAINED")


async def test_deployments_are_listed_newest_first_with_how_they_went(rig: Rig) -> None:
    shop = await rig.a_project("shop")
    builds = [await rig.a_build(shop), await rig.a_build(shop)]
    for build in builds:
        await rig.begin(build)
        await rig.store.begin_deploying(build.id)
        deployment = await rig.store.begin_deployment(build, Slot.BLUE, requested_by="push", at=rig.clock.now())
        await rig.store.add_health_check(deployment.id, HealthAttempt(1, NOW, "http://x/", True, 200, None, 2.0))
    listed = (await rig.get("/api/projects/shop/deployments")).data
    assert listed["total"] == 2
    newest = listed["deployments"][0]
    wanted = {"build_id": builds[1].id, "slot": "Blue", "outcome": None, "requested_by": "push"}
    assert wanted.items() <= newest.items()
    assert newest["health_checks"][0]["status"] == 200
    older = (await rig.get(f"/api/projects/shop/deployments?before_id={newest['id']}")).data["deployments"]
    assert [each["build_id"] for each in older] == [builds[0].id]
