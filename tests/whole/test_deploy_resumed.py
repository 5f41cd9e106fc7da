"""lci is killed while a version is deployed: the next one deploys what was built, and builds nothing again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.points import VARIABLE
from tests.faults.program import PROGRAM
from tests.git_server import GitRepository
from tests.whole.service import Service, WaitLoop, instance_containers, run_service

# In the order in which a deployment passes them.
POINTS = [
    "store.end_stage:after:2",
    "store.begin_deploying:after",
    "docker.start:after:2",
    "store.set_slot:after:2",
    "store.add_health_check:after",
    "store.commit_switch:before",
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    environment = {**os.environ, VARIABLE: f"@{tmp_path / 'failpoint'}"}
    with run_service(tmp_path / "data", program=PROGRAM, environment=environment) as service:
        yield service


def killed_at(service: Service, point: str) -> int:
    """Build, have lci killed at that point, and start it again; returns the build."""
    failpoint = service.data_dir.parent / "failpoint"
    failpoint.write_text(f"{point}=kill")
    build: int = service.post("/api/projects/shop/builds")["build_id"]
    service._reap()
    failpoint.write_text("")
    service.start()
    return build


def test_what_was_built_is_deployed_after_a_kill_and_not_built_again(service: Service, shop: GitRepository) -> None:
    service.register("shop", shop.url)
    service.succeed("shop")
    for point in POINTS:
        shop.commit({"index.html": point})
        ended = service.wait_build(killed_at(service, point))
        assert (ended["status"], ended["restarts"], ended["health_check_attempts"]) == ("Success", 1, 1), point
        assert service.visit("/shop/index.html").text == point
        lines = service.log_lines(ended["id"])
        assert sum(line.startswith("Building with ") for line in lines) == 1, point
        assert "lci was restarted while this build ran: it goes on." in lines
        assert [each["name"] for each in ended["stages"]] == ["source", "build", "deploy"]
        newest = service.get("/api/projects/shop/deployments")["deployments"][0]
        assert (newest["build_id"], newest["outcome"]) == (ended["id"], "Success")
    waiting = WaitLoop("the versions before the last to be gone")
    while len(instance_containers(service.data_dir)) > 1:
        waiting.again()


def test_where_its_output_is_gone_it_is_built_again(service: Service, shop: GitRepository) -> None:
    service.register("shop", shop.url)
    failpoint = service.data_dir.parent / "failpoint"
    failpoint.write_text("store.begin_deployment:after=kill")
    build = service.post("/api/projects/shop/builds")["build_id"]
    service._reap()
    failpoint.write_text("")
    output = service.data_dir / "output" / str(build)
    output.rename(output.with_name("elsewhere"))
    service.start()
    ended = service.wait_build(build)
    assert (ended["status"], ended["restarts"]) == ("Success", 1)
    assert sum(line.startswith("Building with ") for line in service.log_lines(build)) == 2
    assert service.visit("/shop/index.html").text == "first"
