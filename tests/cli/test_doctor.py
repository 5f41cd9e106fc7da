"""`lci doctor`, on a real data directory and a real engine."""

from __future__ import annotations

import json
from pathlib import Path

import docker
import pytest

from tests.cli.program import Program
from tests.git_server import run_git_server
from tests.whole.service import Service, run_service

pytestmark = pytest.mark.docker


def examined(lci: Program, data: Path) -> tuple[int, dict[str, str], object]:
    ran = lci.run("doctor", "--data-dir", str(data), "--json")
    told = json.loads(ran.out)
    return ran.status, {each["code"]: each["message"] for each in told["findings"]}, told["service"]


def test_a_service_that_is_well_and_what_is_then_spoilt(lci: Program, tmp_path: Path):
    with run_git_server(tmp_path / "git") as git, run_service(tmp_path / "data") as service:
        repository = git.create()
        repository.commit({"index.html": "first"})
        service.register("shop", repository.url)
        service.succeed("shop")
        status, found, holder = examined(lci, service.data_dir)
        assert (status, set(found) - {"LIVE_RESTORE_OFF", "DISK_LOW"}) == (0, set())
        assert holder == str(service.process and service.process.pid)
        _remove_live(service)
        (service.data_dir / "db" / "lci.db").chmod(0o644)
        status, found, _ = examined(lci, service.data_dir)
        assert status == 1
        assert {"CONTAINER_MISSING", "MODE_OPEN"} <= set(found)
        assert "shop, Blue" in found["CONTAINER_MISSING"]
        assert "lci.db" in found["MODE_OPEN"]
    status, found, holder = examined(lci, tmp_path / "data")
    assert (holder, "BUILD_WITHOUT_OWNER" in found) == (None, False)


def _remove_live(service: Service) -> None:
    container_id = service.get("/api/projects/shop/status")["blue"]["container_id"]
    engine = docker.from_env()
    try:
        engine.containers.get(container_id).remove(force=True)
    finally:
        engine.close()


def test_an_engine_that_is_away_is_an_error_and_a_directory_without_a_database_is_not_found(
    lci: Program, tmp_path: Path
):
    ran = lci.run("doctor", "--data-dir", str(tmp_path / "none"))
    assert (ran.status, ran.err.count("\n")) == (3, 1)
    lci.run("webhook-secret", "--data-dir", str(tmp_path / "data"))
    ran = lci.run("doctor", "--data-dir", str(tmp_path / "data"), "--docker-host", "unix:///nonexistent.sock")
    assert ran.status == 1
    assert "error: DOCKER_UNAVAILABLE:" in ran.out
