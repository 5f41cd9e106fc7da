"""Blue/green: a new version takes over only when it is healthy, and whatever fails leaves the old one serving."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.git_server import GitRepository
from tests.whole.service import Refused, Service, WaitLoop, instance_containers, push_payload


def test_versions_alternate_between_two_ports_given_by_rule(service: Service, shop: GitRepository) -> None:
    project = service.register("ports", shop.url)
    number, rest = divmod(project["blue_port"] - service.port_base, 10)
    assert (rest, project["green_port"]) == (1, service.port_base + number * 10 + 2)
    assert project["active_slot"] is None
    assert service.succeed("ports")["deployed_slot"] == "Blue"
    assert service.succeed("ports")["deployed_slot"] == "Green"
    status = service.get("/api/projects/ports/status")
    assert status["active_slot"] == "Green"
    assert (status["green"]["status"], status["green"]["health"]) == ("running", "healthy")
    waiting = WaitLoop("the old slot to be emptied")
    while service.get("/api/projects/ports/status")["blue"]["status"] != "empty":
        waiting.again()
    (container,) = instance_containers(service.data_dir, project_id=str(project["id"]))
    assert container.name == "lci-ports-green"
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert container.attrs["HostConfig"]["LogConfig"] == {
        "Type": "json-file",
        "Config": {"max-file": "3", "max-size": "10m"},
    }
    (published,) = container.attrs["NetworkSettings"]["Ports"]["8080/tcp"]
    assert published == {"HostIp": "127.0.0.1", "HostPort": str(project["green_port"])}
    assert all(not mount["RW"] for mount in container.attrs["Mounts"])


def test_a_failed_health_check_leaves_the_old_slot_serving(service: Service, shop: GitRepository) -> None:
    service.register("unhealthy", shop.url)
    service.succeed("unhealthy")
    command = "echo one last word; exec httpd -f -p $PORT -h /tmp"
    service.call("PUT", "/api/projects/unhealthy", {"runtime_command": command, "health_check_retries": 3})
    build = service.build_now("unhealthy")
    assert build["status"] == "Failed"
    failure = build["failure"]
    assert (failure["kind"], failure["stage"], failure["code"]) == ("deploy", "deploy", "HEALTH_CHECK_FAILED")
    assert [check["status"] for check in failure["health_checks"]] == [404, 404, 404]
    assert {"attempt", "at", "url", "status", "error", "ms", "body"} <= set(failure["health_checks"][0])
    assert "one last word" in failure["container_log"]
    assert build["health_check_attempts"] == 3
    assert service.visit("/unhealthy/index.html").text == "first"
    status = service.get("/api/projects/unhealthy/status")
    assert (status["active_slot"], status["green"]["status"]) == ("Blue", "empty")
    deployments = service.get("/api/projects/unhealthy/deployments")["deployments"]
    assert [each["outcome"] for each in deployments] == ["Failed", "Success"]
    assert "did not become healthy" in deployments[0]["reason"]
    assert [c.name for c in instance_containers(service.data_dir, build_id=str(build["id"]))] == []


def test_a_version_that_crashes_is_explained_by_its_last_words(service: Service, shop: GitRepository) -> None:
    service.register("crash", shop.url, runtime_command="echo cannot find my shelf >&2; exit 7")
    build = service.build_now("crash")
    failure = build["failure"]
    assert (failure["kind"], failure["code"], failure["exit_code"]) == ("deploy", "CONTAINER_EXITED", 7)
    assert failure["container_log"] == ["cannot find my shelf"]
    assert service.visit("/crash/").status_code == 503


def test_a_version_without_a_health_check_only_has_to_stay_up(service: Service, shop: GitRepository) -> None:
    service.register("no-check", shop.url, health_check_url="", runtime_command="exec sleep 1000")
    assert service.succeed("no-check")["health_check_attempts"] == 0
    service.register("no-check-dies", shop.url, health_check_url="", runtime_command="sleep 0.1")
    assert service.build_now("no-check-dies")["failure"]["code"] == "CONTAINER_EXITED"


def test_a_runtime_image_that_is_nowhere_fails_the_deployment(service: Service, shop: GitRepository) -> None:
    service.register("no-image", shop.url)
    service.succeed("no-image")
    service.call("PUT", "/api/projects/no-image", {"runtime_image": "127.0.0.1:1/nobody/nothing:1"})
    build = service.build_now("no-image")
    assert build["status"] == "Failed"
    assert build["failure"]["stage"] == "deploy"
    assert "127.0.0.1:1/nobody/nothing:1" in build["failure"]["message"]
    assert service.visit("/no-image/index.html").text == "first"


def test_a_rollback_redeploys_without_building_and_turns_automatic_deployment_off(
    service: Service, shop: GitRepository
) -> None:
    service.register("back", shop.url)
    first = service.succeed("back")
    shop.commit({"index.html": "broken shelf"})
    service.succeed("back")
    rolled = service.post("/api/projects/back/rollback")
    build = service.wait_build(rolled["build_id"])
    assert (build["status"], build["trigger"]) == ("Success", "rollback")
    assert build["commit_hash"] == first["commit_hash"]
    assert [stage["name"] for stage in build["stages"]] == ["deploy"]
    assert service.visit("/back/index.html").text == "first"
    assert service.get("/api/projects/back")["auto_deploy"] is False
    assert "Automatic deployment is off" in service.log_text(build["id"])

    commit = shop.commit({"index.html": "mended shelf"})
    pushed = service.push(push_payload(shop.url, commit)).json()["data"]["builds"]
    for each in pushed:
        if each["project_name"] == "back":
            verified = service.wait_build(each["build_id"])
            assert (verified["status"], verified["deployed_slot"]) == ("Success", None)
    assert service.visit("/back/index.html").text == "first"
    service.post("/api/projects/back/auto-deploy", {"enabled": True})
    service.succeed("back")
    assert service.visit("/back/index.html").text == "mended shelf"


def test_only_the_last_outputs_are_kept_and_there_may_be_nothing_to_go_back_to(
    service: Service, shop: GitRepository
) -> None:
    service.register("kept", shop.url, keep_releases=2)
    with pytest.raises(Refused) as refused:
        service.post("/api/projects/kept/rollback")
    assert (refused.value.status, refused.value.error["code"]) == (409, "NOTHING_RETAINED")
    builds = [service.succeed("kept")["id"] for _ in range(3)]
    outputs = [service.data_dir / "output" / str(build) for build in builds]
    waiting = WaitLoop("the oldest output to be removed")
    while outputs[0].exists():
        waiting.again()
    assert outputs[1].exists()
    assert outputs[2].exists()
    with pytest.raises(Refused) as refused:
        service.post("/api/projects/kept/rollback", {"build_id": builds[0]})
    assert refused.value.error["code"] == "NOTHING_RETAINED"
    assert service.wait_build(service.post("/api/projects/kept/rollback")["build_id"])["status"] == "Success"


def test_after_a_switch_there_is_nothing_to_switch_back_to_unless_it_is_baked(
    service: Service, shop: GitRepository
) -> None:
    service.register("flip", shop.url, bake_seconds=600)
    service.succeed("flip")
    with pytest.raises(Refused) as refused:
        service.post("/api/projects/flip/switch", {"target_slot": "Green"})
    assert (refused.value.status, refused.value.error["code"]) == (409, "SLOT_EMPTY")
    assert "rollback" in refused.value.error["message"]
    shop.commit({"index.html": "second"})
    service.succeed("flip")
    assert service.visit("/flip/index.html").text == "second"
    service.post("/api/projects/flip/switch", {"target_slot": "Blue"})
    assert service.visit("/flip/index.html").text == "first"
    assert service.get("/api/projects/flip/deployments")["deployments"][0]["outcome"] == "FlippedBack"


def test_a_project_is_stopped_started_and_restarted(service: Service, shop: GitRepository) -> None:
    service.register("hold", shop.url)
    service.succeed("hold")
    assert service.post("/api/projects/hold/stop")["blue"]["status"] == "stopped"
    answer = service.visit("/hold/")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert service.post("/api/projects/hold/start")["blue"]["status"] == "running"
    assert service.visit("/hold/index.html").text == "first"
    assert service.post("/api/projects/hold/restart")["blue"]["status"] == "running"
    assert service.visit("/hold/index.html").text == "first"


def test_no_request_fails_while_versions_are_switched(service: Service, shop: GitRepository) -> None:
    service.register("calm", shop.url)
    service.succeed("calm")
    stop = threading.Event()
    answers: list[int] = []
    errors: list[BaseException] = []

    def visitor() -> None:
        try:
            while not stop.is_set():
                answers.append(service.visit("/calm/index.html").status_code)
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            errors.append(error)

    visitors = [threading.Thread(target=visitor) for _ in range(4)]
    for thread in visitors:
        thread.start()
    try:
        for round_ in range(4):
            shop.commit({"index.html": f"round {round_}"})
            service.succeed("calm")
    finally:
        stop.set()
        for thread in visitors:
            thread.join()
    assert errors == []
    assert set(answers) == {200}
    waiting = WaitLoop("the receipts of all four switches")
    # The first deployment took nobody's traffic.
    while None in (receipts := [each["receipt"] for each in _deployments(service, "calm")[:4]]):
        waiting.again()
    for receipt in receipts:
        assert (receipt["finished"], receipt["cut"]) == (receipt["in_flight"], 0)


def _deployments(service: Service, project: str) -> list[Any]:
    deployments: list[Any] = service.get(f"/api/projects/{project}/deployments")["deployments"]
    return deployments


def test_deleting_a_project_leaves_nothing_of_it(service: Service, shop: GitRepository) -> None:
    project = service.register("leaving", shop.url)
    service.succeed("leaving")
    slow = service.register("leaving-slow", shop.url, build_command="sleep 600")
    running = service.post("/api/projects/leaving-slow/builds")["build_id"]
    service.wait_build(running, "Building")
    for each in (project, slow):
        deleted = service.call("DELETE", f"/api/projects/{each['id']}")
        assert deleted["builds_deleted"] == 1
        assert deleted["bytes_freed"] > 0
        assert instance_containers(service.data_dir, project_id=str(each["id"])) == []
        assert not (service.data_dir / "workspace" / str(each["id"])).exists()
        assert not (service.data_dir / "logs" / str(each["id"])).exists()
    assert service.visit("/leaving/").status_code == 404
    again = service.register("leaving", shop.url)
    assert again["blue_port"] == project["blue_port"]
    assert again["id"] != project["id"]
