"""lci is killed after a request's order is on disk and before it is answered: the answer comes when asked again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults.points import VARIABLE
from tests.faults.program import PROGRAM
from tests.git_server import GitRepository
from tests.whole.service import Service, push_payload, run_service, web_project


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    environment = {**os.environ, VARIABLE: f"@{tmp_path / 'failpoint'}"}
    with run_service(tmp_path / "data", program=PROGRAM, environment=environment) as service:
        yield service


def asked(service: Service, path: str, body: Any) -> requests.Response:
    return service.request("POST", path, json=body, headers={"Idempotency-Key": path})


def asked_and_killed(service: Service, point: str, path: str, body: Any) -> requests.Response:
    """Ask, have lci killed at that point, start it again, and ask once more."""
    failpoint = service.data_dir.parent / "failpoint"
    failpoint.write_text(f"{point}=kill")
    with pytest.raises(requests.ConnectionError):
        asked(service, path, body)
    service._reap()
    failpoint.write_text("")
    service.start()
    return asked(service, path, body)


def test_what_was_made_before_a_kill_is_answered_again_and_made_once(service: Service, shop: GitRepository) -> None:
    made = asked_and_killed(service, "store.create_project:after", "/api/projects", web_project("web", shop.url))
    assert made.status_code == 201
    assert made.headers["Location"] == "/api/projects/1"
    assert made.json()["data"]["name"] == "web"

    first = asked_and_killed(service, "store.queue_build:after", "/api/projects/web/builds", {})
    assert (first.status_code, first.json()["data"]["build_number"]) == (202, 1)
    assert asked(service, "/api/projects/web/builds", {}).content == first.content
    assert service.wait_build(first.json()["data"]["build_id"])["status"] == "Success"
    service.succeed("web")

    # Once it is done, the same order would find nothing to go back to any more.
    back = asked_and_killed(service, "store.queue_build:after", "/api/projects/web/rollback", {})
    assert back.status_code == 202
    assert service.wait_build(back.json()["data"]["build_id"])["status"] == "Success"
    assert asked(service, "/api/projects/web/rollback", {}).content == back.content

    service.register("shop", shop.url)
    service.push(push_payload(shop.url, shop.head(), ref="refs/heads/other"))
    (delivery,) = service.get("/api/webhook/deliveries")["deliveries"]
    path = f"/api/webhook/deliveries/{delivery['id']}/build"
    built = asked_and_killed(service, "store.queue_builds:after", path, {})
    assert built.status_code == 202
    assert len(built.json()["data"]["builds"]) == 2
    assert asked(service, path, {}).content == built.content
    assert service.get("/api/builds")["total"] == 5


def test_what_was_not_made_before_a_kill_is_made_by_the_one_who_asks_again(
    service: Service, shop: GitRepository
) -> None:
    service.register("web", shop.url)
    again = asked_and_killed(service, "store.queue_build:before", "/api/projects/web/builds", {})
    assert (again.status_code, again.json()["data"]["build_number"]) == (202, 1)
    assert service.wait_build(again.json()["data"]["build_id"])["status"] == "Success"
    assert service.get("/api/builds")["total"] == 1
