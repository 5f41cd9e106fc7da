"""`http-api.md`, "Builds": queued, cancelled, repeated, listed."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests.contract.asking import TIMESTAMP, Examiner
from tests.contract.building import NEVER, QUEUED, containers, until_ended
from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop


def test_numbers_have_no_gaps(ask: Examiner) -> None:
    """`build_number` (1, 2, 3 … per project, no gaps)"""
    for name in ("numbered-a", "numbered-b"):
        ask("POST", "/api/projects", {"name": name, "repo": "http://127.0.0.1:1/x/y"})
    given: dict[str, list[int]] = {"numbered-a": [], "numbered-b": []}
    lock = threading.Lock()

    def trigger(name: str) -> None:
        mine = Examiner(ask.service)
        for _ in range(5):
            number = mine("POST", f"/api/projects/{name}/builds", {}).data["build_number"]
            with lock:
                given[name].append(number)

    threads = [threading.Thread(target=trigger, args=(name,)) for name in given for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(sorted(numbers) == list(range(1, 16)) for numbers in given.values())
    for name in given:
        assert ask("DELETE", f"/api/projects/{name}").data["builds_deleted"] == 15


def test_the_place_in_the_queue(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """`queue_position`: what waits before it, and what runs."""
    service.register("waiting", shop.url, build_command=NEVER)
    first = ask("POST", "/api/projects/waiting/builds", {}).data
    service.wait_build(first["build_id"], "Building")
    rest = [ask("POST", "/api/projects/waiting/builds", {}).data for _ in range(3)]
    assert [each["queue_position"] for each in (first, *rest)] == [1, 2, 3, 4]
    assert {each["queue_key"] for each in (first, *rest)} == {first["queue_key"]}
    assert {each["status"] for each in rest} == {"Queued"}
    hurried = ask("POST", "/api/projects/waiting/builds", {"priority": 5}).data
    assert hurried["queue_position"] == 2
    for each in (*rest, hurried, first):
        assert ask("POST", f"/api/builds/{each['build_id']}/cancel").status == 200
    assert service.wait_build(first["build_id"])["status"] == "Cancelled"


def test_a_queue_position_is_never_0_for_what_has_just_been_queued(ask: Examiner) -> None:
    """202 `{…, status: "Queued", queue_key, queue_position}`"""
    positions = []
    for number in range(15):
        name = f"quick-{number}"
        ask("POST", "/api/projects", {"name": name, "repo": "http://127.0.0.1:1/x/y"})
        positions.append(ask("POST", f"/api/projects/{name}/builds", {}).data["queue_position"])
        ask("DELETE", f"/api/projects/{name}")
    assert set(positions) == {1}


def test_a_queued_build_that_is_cancelled_never_starts(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """200; a queued build never starts … 409 `BUILD_FINISHED`."""
    service.register("cancelled", shop.url, build_command=NEVER)
    running, queued = (ask("POST", "/api/projects/cancelled/builds", {}).data["build_id"] for _ in range(2))
    service.wait_build(running, "Building")
    assert ask("POST", f"/api/builds/{queued}/cancel").status == 200
    shown = ask("GET", f"/api/builds/{queued}").data
    assert (shown["status"], shown["started_at"]) == ("Cancelled", None)
    assert TIMESTAMP.fullmatch(shown["finished_at"])
    assert ask("POST", f"/api/builds/{queued}/cancel").refusal == (409, "BUILD_FINISHED")
    logs = ask("GET", f"/api/builds/{queued}/logs")
    assert (logs.status, logs.data["lines"], logs.data["total"], logs.data["complete"]) == (200, [], 0, True)
    assert ask("POST", f"/api/builds/{running}/cancel").status == 200
    assert service.wait_build(running)["status"] == "Cancelled"
    assert ask("GET", f"/api/builds/{queued}").data["started_at"] is None


@pytest.mark.parametrize("trap", ["sleep 1000", "trap '' TERM INT; while :; do sleep 1; done"])
def test_a_running_build_that_is_cancelled_is_gone_within_5_seconds(
    ask: Examiner, service: Service, shop: GitRepository, trap: str
) -> None:
    """A running one's container is gone within 5 s."""
    name = f"stopped-{len(trap)}"
    service.register(name, shop.url, build_command=f"echo begun; {trap}")
    build = ask("POST", f"/api/projects/{name}/builds", {}).data["build_id"]
    waiting = WaitLoop("the container to say something")
    while "begun" not in service.log_lines(build):
        waiting.again()
    assert len(containers(build, service)) == 1
    began = time.monotonic()
    assert ask("POST", f"/api/builds/{build}/cancel").status == 200
    ended, _ = until_ended(ask, build)
    assert containers(build, service) == []
    assert time.monotonic() - began < 5
    assert (ended["status"], ended["failure"]) == ("Cancelled", None)
    assert ask("POST", f"/api/builds/{build}/cancel").refusal == (409, "BUILD_FINISHED")


def test_a_cancelled_deployment_leaves_nothing(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """It is final only when … its failed candidate is gone; `outcome` … `Cancelled`."""
    service.register("withdrawn", shop.url, health_check_url="/never", health_check_retries=1000)
    build = ask("POST", "/api/projects/withdrawn/builds", {}).data["build_id"]
    service.wait_build(build, "Deploying")
    waiting = WaitLoop("a health check")
    while ask("GET", f"/api/builds/{build}").data["health_check_attempts"] < 1:
        waiting.again()
    assert ask("GET", "/api/projects/withdrawn/status").data["blue"]["status"] == "starting"
    assert ask("POST", f"/api/builds/{build}/cancel").status == 200
    ended, _ = until_ended(ask, build)
    assert (ended["status"], containers(build, service)) == ("Cancelled", [])
    (deployment,) = ask("GET", "/api/projects/withdrawn/deployments").data["deployments"]
    assert deployment["outcome"] == "Cancelled"
    assert ask("GET", "/api/projects/withdrawn/status").data["blue"]["status"] == "empty"


def test_a_rebuild_is_the_same_commit_in_a_new_build(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """202: same commit and parameters, a new build."""
    service.register("again", shop.url)
    commit = shop.head()
    first = service.succeed("again", deploy=False)
    shop.commit({"index.html": "newer"})
    answer = ask("POST", f"/api/builds/{first['id']}/rebuild")
    assert answer.status == 202
    assert set(answer.data) >= QUEUED
    second = service.wait_build(answer.data["build_id"])
    assert (second["build_number"], second["trigger"], second["commit_hash"]) == (2, "rebuild", commit)
    assert second["parameters"] == first["parameters"]
    assert ask("POST", "/api/builds/999999/rebuild").refusal == (404, "BUILD_NOT_FOUND")


def test_a_rebuild_deploys_only_what_was_to_be_deployed(ask: Examiner, service: Service, shop: GitRepository) -> None:
    """Same commit and parameters: what was only to be verified is only verified again."""
    service.register("only-verified", shop.url)
    first = service.succeed("only-verified", deploy=False)
    second = service.wait_build(ask("POST", f"/api/builds/{first['id']}/rebuild").data["build_id"])
    assert (second["status"], second["deployed_slot"]) == ("Success", None)
    assert ask("GET", "/api/projects/only-verified").data["active_slot"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"commit_hash": "abc"}, "commit_hash"),
        ({"commit_hash": "g" * 40}, "commit_hash"),
        ({"commit_hash": "a" * 41}, "commit_hash"),
        ({"commit_hash": 5}, "commit_hash"),
        ({"commit_hash": ""}, "commit_hash"),
        ({"branch": "a b"}, "branch"),
        ({"branch": ""}, "branch"),
        ({"branch": "-x"}, "branch"),
        ({"branch": 5}, "branch"),
        ({"priority": "high"}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"deploy": "no"}, "deploy"),
        ({"deploy": 0}, "deploy"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"a": 1}}, "parameters"),
        ({"commit": "a" * 40}, "commit"),
    ],
)
def test_a_trigger_of_another_shape_is_refused(ask: Examiner, body: Any, field: str) -> None:
    """`{commit_hash?, branch?, parameters?, priority?, deploy?}`"""
    ask("POST", "/api/projects", {"name": "shaped", "repo": "a/b"})
    assert ask("POST", "/api/projects/shaped/builds", body).field.partition(".")[0] == field
    assert ask("GET", "/api/projects/shaped/builds").data["total"] == 0


def test_builds_are_listed_newest_first_and_by_project_and_status(ask: Examiner, service: Service) -> None:
    """`{total, builds: […]}`; `?project_id=&status=&limit=&offset=`, newest first."""
    projects = [
        ask("POST", "/api/projects", {"name": name, "repo": "a/b", "queue_key": name}).data["id"]
        for name in ("filter-a", "filter-b")
    ]
    for _ in range(3):
        for project in projects:
            build = ask("POST", f"/api/projects/{project}/builds", {}).data["build_id"]
            ask("POST", f"/api/builds/{build}/cancel")
            service.wait_build(build)
    page = ask("GET", f"/api/builds?project_id={projects[0]}").data
    assert set(page) == {"total", "builds"}
    assert page["total"] == 3
    assert [each["build_number"] for each in page["builds"]] == [3, 2, 1]
    assert page == ask("GET", f"/api/projects/{projects[0]}/builds").data
    cancelled = ask("GET", f"/api/builds?project_id={projects[1]}&status=Cancelled&limit=2").data
    assert (cancelled["total"], len(cancelled["builds"])) == (3, 2)
    assert ask("GET", f"/api/builds?project_id={projects[1]}&status=Success").data == {"total": 0, "builds": []}
    assert ask("GET", "/api/builds?project_id=999999").data["total"] == 0
    ids = [each["id"] for each in ask("GET", "/api/builds?limit=200").data["builds"]]
    assert ids == sorted(ids, reverse=True)
    for bad, field in (("status=Nope", "status"), ("status=success", "status"), ("project_id=x", "project_id"),
                       ("project_id=filter-a", "project_id")):  # fmt: skip
        assert ask("GET", f"/api/builds?{bad}").field == field
    assert ask("GET", "/api/projects/999999/builds").refusal == (404, "PROJECT_NOT_FOUND")


@pytest.mark.parametrize("rest", ["", "/logs", "/logs/search?q=a", "/logs/download", "/artifacts", "/artifacts/x"])
def test_a_build_that_is_not_there_is_a_404(ask: Examiner, rest: str) -> None:
    """404 `…_NOT_FOUND`"""
    assert ask("GET", f"/api/builds/999999{rest}").refusal == (404, "BUILD_NOT_FOUND")
    if not rest:
        assert ask("POST", "/api/builds/999999/cancel").refusal == (404, "BUILD_NOT_FOUND")
