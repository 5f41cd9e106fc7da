"""Builds of one key in order, of different keys at the same time; cancelled ones are gone."""

from __future__ import annotations

import time

import pytest

from tests.git_server import GitRepository
from tests.whole.service import Refused, Service, WaitLoop, instance_containers


def test_one_projects_builds_run_in_order_and_anothers_at_the_same_time(service: Service, shop: GitRepository) -> None:
    for name in ("queue-a", "queue-b"):
        service.register(name, shop.url, build_command="sleep 600")
    first = service.post("/api/projects/queue-a/builds")
    second = service.post("/api/projects/queue-a/builds")
    other = service.post("/api/projects/queue-b/builds")
    assert [b["queue_position"] for b in (first, second, other)] == [1, 2, 1]
    assert {b["status"] for b in (first, second, other)} == {"Queued"}
    service.wait_build(first["build_id"], "Building")
    service.wait_build(other["build_id"], "Building")
    assert service.get(f"/api/builds/{second['build_id']}")["status"] == "Queued"
    for build in (first, other):
        service.post(f"/api/builds/{build['build_id']}/cancel")
    service.wait_build(second["build_id"], "Building")
    service.post(f"/api/builds/{second['build_id']}/cancel")
    assert service.wait_build(second["build_id"])["status"] == "Cancelled"


def test_the_build_of_higher_priority_starts_first(service: Service, shop: GitRepository) -> None:
    service.register("urgent", shop.url, build_command="sleep 600")
    running = service.post("/api/projects/urgent/builds")
    service.wait_build(running["build_id"], "Building")
    usual = service.post("/api/projects/urgent/builds")
    urgent = service.post("/api/projects/urgent/builds", {"priority": 10})
    assert urgent["queue_position"] == 2
    service.post(f"/api/builds/{running['build_id']}/cancel")
    service.wait_build(urgent["build_id"], "Building")
    assert service.get(f"/api/builds/{usual['build_id']}")["status"] == "Queued"
    service.post(f"/api/builds/{usual['build_id']}/cancel")
    service.post(f"/api/builds/{urgent['build_id']}/cancel")
    service.wait_build(urgent["build_id"])


def test_a_cancelled_build_that_waits_never_starts(service: Service, shop: GitRepository) -> None:
    service.register("waits", shop.url, build_command="sleep 600")
    running = service.post("/api/projects/waits/builds")
    waiting = service.post("/api/projects/waits/builds")
    assert service.post(f"/api/builds/{waiting['build_id']}/cancel")["status"] == "Cancelled"
    with pytest.raises(Refused) as refused:
        service.post(f"/api/builds/{waiting['build_id']}/cancel")
    assert (refused.value.status, refused.value.error["code"]) == (409, "BUILD_FINISHED")
    service.post(f"/api/builds/{running['build_id']}/cancel")
    service.wait_build(running["build_id"])
    assert service.get(f"/api/builds/{waiting['build_id']}")["started_at"] is None


def test_the_container_of_a_cancelled_build_is_gone_within_five_seconds(service: Service, shop: GitRepository) -> None:
    service.register("stubborn", shop.url, build_command="trap '' TERM INT; while true; do sleep 1; done")
    build = service.post("/api/projects/stubborn/builds")["build_id"]
    waiting = WaitLoop("the build's container")
    while not instance_containers(service.data_dir, build_id=str(build)):
        waiting.again()
    began = time.monotonic()
    service.post(f"/api/builds/{build}/cancel")
    assert service.wait_build(build)["status"] == "Cancelled"
    assert time.monotonic() - began < 5
    assert instance_containers(service.data_dir, build_id=str(build)) == []
    assert "Cancelled." in service.log_lines(build)


def test_a_cancelled_deployment_never_switches(service: Service, shop: GitRepository) -> None:
    service.register("late-cancel", shop.url)
    service.succeed("late-cancel")
    shop.commit({"index.html": "unwanted"})
    service.call("PUT", "/api/projects/late-cancel", {"health_check_url": "/nothing", "health_check_retries": 1000})
    build = service.post("/api/projects/late-cancel/builds")["build_id"]
    service.wait_build(build, "Deploying")
    service.post(f"/api/builds/{build}/cancel")
    assert service.wait_build(build)["status"] == "Cancelled"
    assert service.visit("/late-cancel/index.html").text == "first"
    assert instance_containers(service.data_dir, build_id=str(build)) == []
    assert service.get("/api/projects/late-cancel/deployments")["deployments"][0]["outcome"] == "Cancelled"


def test_only_the_latest_waiting_build_is_wanted_where_the_project_says_so(
    service: Service, shop: GitRepository
) -> None:
    service.register("latest", shop.url, build_command="sleep 600", queue_policy="latest")
    running = service.post("/api/projects/latest/builds")["build_id"]
    service.wait_build(running, "Building")
    old = service.post("/api/projects/latest/builds")["build_id"]
    new = service.post("/api/projects/latest/builds")["build_id"]
    assert service.wait_build(old)["status"] == "Cancelled"
    for build in (new, running):
        service.post(f"/api/builds/{build}/cancel")
    service.wait_build(running)


def test_build_numbers_are_dense_and_a_rebuild_is_a_build_of_its_own(service: Service, shop: GitRepository) -> None:
    service.register("numbers", shop.url)
    first = service.build_now("numbers", deploy=False)
    shop.commit({"index.html": "second"})
    again = service.wait_build(service.post(f"/api/builds/{first['id']}/rebuild")["build_id"])
    assert (again["build_number"], again["trigger"]) == (2, "rebuild")
    assert again["commit_hash"] == first["commit_hash"]
