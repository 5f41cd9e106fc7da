"""What people see of Docker's trouble, with the real engine."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop, engine, instance_containers, run_service


def slot(service: Service, name: str) -> Any:
    return service.get(f"/api/projects/{name}/status")["blue"]


def wait_slot(service: Service, name: str, status: str, health: str) -> float:
    """Return after how many seconds the slot was so."""
    began = time.monotonic()
    waiting = WaitLoop(f"{name} to be {status} and {health}", pause=0.05)
    while (seen := slot(service, name)) is not None and (seen["status"], seen["health"]) != (status, health):
        waiting.again()
    return time.monotonic() - began


@pytest.mark.parametrize("end", ["kill", "stop -t 0", "restart -t 0"])
def test_a_version_that_somebody_ends_is_noticed_and_serves_again(
    own_service: Service, shop: GitRepository, end: str
) -> None:
    own_service.register("web", shop.url)
    own_service.succeed("web")
    (container,) = instance_containers(own_service.data_dir)
    subprocess.run(["docker", *end.split(), container.id], check=True, capture_output=True)
    if not end.startswith("restart"):
        assert wait_slot(own_service, "web", "error", "unhealthy") < 1
    wait_slot(own_service, "web", "running", "healthy")
    assert own_service.visit("/web/index.html").text == "first"
    assert [each.id for each in instance_containers(own_service.data_dir)] == [container.id]


def test_a_version_that_somebody_pauses_or_removes_is_shown_so(own_service: Service, shop: GitRepository) -> None:
    own_service.register("web", shop.url)
    own_service.succeed("web")
    (container,) = instance_containers(own_service.data_dir)
    container.pause()
    assert wait_slot(own_service, "web", "error", "unhealthy") < 1
    container.unpause()
    wait_slot(own_service, "web", "running", "healthy")
    container.remove(force=True)
    assert wait_slot(own_service, "web", "error", "unhealthy") < 1
    own_service.succeed("web")
    assert own_service.visit("/web/index.html").text == "first"


def test_lci_starts_without_an_engine_serves_and_builds_when_that_comes(tmp_path: Path, shop: GitRepository) -> None:
    socket = tmp_path / "engine.sock"
    socket.symlink_to("/var/run/docker.sock")
    with run_service(tmp_path / "data", options=("--docker-host", f"unix://{socket}")) as service:
        service.register("web", shop.url)
        service.succeed("web")
        service.kill()
        socket.unlink()
        began = time.monotonic()
        service.start()
        assert time.monotonic() - began < 5
        assert service.visit("/web/index.html").text == "first"
        refused = requests.get(f"{service.url}/readyz", timeout=10)
        assert refused.status_code == 503
        assert [each["code"] for each in refused.json()["error"]["details"]["reasons"]] == ["DOCKER_UNAVAILABLE"]
        build = service.post("/api/projects/web/builds")["build_id"]
        waiting = WaitLoop("lci to know")
        while service.get("/api/system")["readiness"]["ready"]:
            waiting.again()
        assert service.get(f"/api/builds/{build}")["status"] == "Queued"
        told = [line for line in service.stderr if "no build starts now" in line]
        assert len(told) == 1, service.stderr
        socket.symlink_to("/var/run/docker.sock")
        assert service.wait_build(build)["status"] == "Success"
        assert requests.get(f"{service.url}/readyz", timeout=10).status_code == 200
    assert engine().ping()
