"""A build fills the disk: the service stays up and says why, nothing acknowledged is lost, and builds go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from tests.git_server import GitRepository
from tests.tmpfs import needs_mount, open_small_disk
from tests.whole.service import Service, WaitLoop, instance_containers, push_payload, run_service

pytestmark = needs_mount
# It stays until somebody has seen that the disk is full, and says nothing that would need room in its log.
FILLING = """
dd if=/dev/zero of=/output/filler bs=64k 2>/dev/null || true
until test -e /tmp/seen; do sleep 0.05; done
cp index.html /output/ 2>/dev/null
"""


def ready(service: Service) -> tuple[int, list[str]]:
    answer = requests.get(f"{service.url}/readyz", timeout=10)
    document: dict[str, Any] = answer.json()
    told = document["data"] if document["success"] else document["error"]["details"]
    return answer.status_code, [each["code"] for each in told["reasons"]]


def wait_ready(service: Service, status: int) -> list[str]:
    waiting = WaitLoop(f"/readyz to be {status}")
    while (seen := ready(service))[0] != status:
        waiting.again()
    return seen[1]


def test_a_build_that_fills_the_disk_ends_and_takes_nobody_along(tmp_path: Path, shop: GitRepository) -> None:
    with (
        open_small_disk(tmp_path / "disk", size="48m") as _,
        run_service(tmp_path / "disk" / "data", options=("--disk-reserve", "8m")) as service,
    ):
        service.register("web", shop.url)
        service.succeed("web")
        service.register("greedy", shop.url, build_command=FILLING)
        build = service.post("/api/projects/greedy/builds")["build_id"]
        assert wait_ready(service, 503) == ["DISK_FULL"]
        assert service.visit("/web/index.html").text == "first"
        (greedy,) = instance_containers(service.data_dir, role="build")
        greedy.exec_run(["touch", "/tmp/seen"])
        assert service.wait_build(build)["status"] == "Failed"
        wait_ready(service, 200)
        service.succeed("web")


def test_pushes_to_a_full_disk_are_refused_or_kept_and_all_kept_ones_are_built(
    tmp_path: Path, shop: GitRepository
) -> None:
    with (
        open_small_disk(tmp_path / "disk", size="48m") as disk,
        run_service(tmp_path / "disk" / "data", options=("--disk-reserve", "8m")) as service,
    ):
        service.register("web", shop.url)
        service.succeed("web")
        disk.fill()
        assert wait_ready(service, 503) == ["DISK_FULL"]
        kept: list[int] = []
        refused = 0
        for number in range(400):
            answer = service.push(push_payload(shop.url, shop.head(), before=f"{number:040x}"))
            document = answer.json()
            if answer.status_code == 202:
                kept += [each["build_id"] for each in document["data"]["builds"]]
                continue
            assert answer.status_code == 503
            assert document["error"]["code"] == "DATABASE_FULL"
            assert answer.headers["Retry-After"]
            refused += 1
            if refused == 3:
                break
        assert refused == 3
        assert service.visit("/web/index.html").text == "first"
        assert service.get("/api/system")["queues"]["queued"] == len(kept)
        disk.make_room()
        wait_ready(service, 200)
        assert service.push(push_payload(shop.url, shop.head(), before="f" * 40)).status_code == 202
        for each in kept[-3:]:
            assert service.wait_build(each)["status"] in {"Success", "Cancelled"}
        listed = service.get("/api/projects/web/builds?limit=200")
        assert listed["total"] == len(kept) + 2
        assert service.visit("/web/index.html").text == "first"


def test_a_log_that_the_disk_does_not_take_is_the_machines_trouble_and_tried_again(
    tmp_path: Path, shop: GitRepository
) -> None:
    # More than a page of the log a line, so that every line needs room.
    talking = "for i in $(seq 60); do head -c 6000 /dev/zero | tr '\\0' x; echo; sleep 0.05; done; cp -r . /output/"
    with (
        open_small_disk(tmp_path / "disk", size="48m") as disk,
        run_service(tmp_path / "disk" / "data", options=("--disk-reserve", "8m")) as service,
    ):
        service.register("web", shop.url, build_command=talking)
        build = service.post("/api/projects/web/builds")["build_id"]
        waiting = WaitLoop("the command's first line")
        while not service.get(f"/api/builds/{build}/logs?tail=1")["lines"][-1:] or "xxx" not in service.log_text(build):
            waiting.again()
        disk.fill()
        assert wait_ready(service, 503) == ["DISK_FULL"]
        waiting = WaitLoop("the command to be ended")
        while instance_containers(service.data_dir):
            waiting.again()
        disk.make_room()
        ended = service.wait_build(build)
        assert (ended["status"], ended["infra_retries"]) == ("Success", 1)
        assert any("Trying again after trouble: the log " in line for line in service.log_lines(build))
