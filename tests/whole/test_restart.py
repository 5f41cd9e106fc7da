"""lci is stopped, killed and started again: routes are back, nothing is lost, nothing runs twice."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trio

from tests.git_server import GitRepository
from tests.proxy.planes import crowd
from tests.proxy.visitors import get
from tests.whole.service import (
    Service,
    WaitLoop,
    address_of,
    children_of,
    instance_containers,
    push_payload,
    run_service,
    workers_of,
)


def test_a_clean_stop_ends_with_0_and_leaves_the_service_running(own_service: Service, shop: GitRepository) -> None:
    own_service.register("lasting", shop.url)
    own_service.succeed("lasting")
    assert own_service.process is not None
    children = children_of(own_service.process.pid)
    assert own_service.stop() == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert len(instance_containers(own_service.data_dir)) == 1
    began = time.monotonic()
    own_service.start()
    assert own_service.visit("/lasting/index.html").text == "first"
    assert time.monotonic() - began < 10


def test_after_a_kill_routes_are_back_and_queued_builds_keep_their_order(
    own_service: Service, shop: GitRepository
) -> None:
    own_service.register("web", shop.url)
    own_service.succeed("web")
    own_service.register(
        "slow", shop.url, build_command="echo begun; sleep 1; test -e /output/x || cp index.html /output/"
    )
    builds = [own_service.post("/api/projects/slow/builds", {"deploy": False})["build_id"] for _ in range(3)]
    waiting = WaitLoop("the first build's container")
    while not instance_containers(own_service.data_dir, build_id=str(builds[0])):
        waiting.again()
    own_service.kill()
    own_service.start()
    assert own_service.visit("/web/index.html").text == "first"
    ended = [own_service.wait_build(build) for build in builds]
    assert [build["status"] for build in ended] == ["Success"] * 3
    assert [build["build_number"] for build in ended] == [1, 2, 3]
    starts = [build["started_at"] for build in ended]
    assert starts == sorted(starts)
    assert ended[0]["finished_at"] <= starts[1] <= ended[1]["finished_at"] <= starts[2]
    assert [c.labels["lci.role"] for c in instance_containers(own_service.data_dir)] == ["runtime"]
    lines = own_service.get(f"/api/builds/{builds[0]}/logs?limit=5000")["lines"]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))


def test_a_stop_in_the_middle_of_a_deployment_leaves_the_old_version_and_finishes_later(
    own_service: Service, shop: GitRepository
) -> None:
    own_service.register("middle", shop.url)
    own_service.succeed("middle")
    shop.commit({"index.html": "second"})
    own_service.call("PUT", "/api/projects/middle", {"health_check_url": "/not-yet", "health_check_retries": 1000})
    build = own_service.post("/api/projects/middle/builds")["build_id"]
    own_service.wait_build(build, "Deploying")
    assert own_service.stop() == 0
    assert len(instance_containers(own_service.data_dir)) == 1
    own_service.start()
    assert own_service.visit("/middle/index.html").text == "first"
    own_service.wait_build(build, "Building", "Deploying")
    own_service.post(f"/api/builds/{build}/cancel")
    assert own_service.wait_build(build)["status"] == "Cancelled"
    assert own_service.visit("/middle/index.html").text == "first"


@pytest.mark.parametrize("end", [Service.kill, Service.hang_up], ids=["killed", "told to hang up"])
async def test_no_visitor_notices_that_lci_is_ended_and_started_again(
    own_service: Service, shop: GitRepository, end: Callable[[Service], object]
) -> None:
    def deploy() -> None:
        own_service.register("web", shop.url)
        own_service.succeed("web")

    await trio.to_thread.run_sync(deploy)
    seen: set[int] = set()
    async with crowd(address_of(own_service), requests=[get("/web/index.html")]) as visitors:
        for _ in range(3):
            seen.update(workers_of(own_service.data_dir))
            await visitors.wait_served(30)
            await trio.to_thread.run_sync(end, own_service)
            await visitors.wait_served(30)
            await trio.to_thread.run_sync(own_service.start)
            await visitors.wait_served(30)
    assert visitors.failures == []
    assert len(seen) >= 6
    assert await trio.to_thread.run_sync(own_service.stop) == 0
    assert workers_of(own_service.data_dir) == []
    assert list((own_service.data_dir / "run").iterdir()) == []


# Answers when it may.
SLOW = "#!/bin/sh\nwhile ! test -e /app/go; do sleep 0.1; done\nprintf 'Content-Type: text/plain\\r\\n\\r\\nslow'\n"


def test_a_request_on_a_version_that_was_leaving_survives_a_kill(own_service: Service, shop: GitRepository) -> None:
    shop.commit({"cgi-bin/slow": SLOW})
    command = "cp -r . /output/; chmod 755 /output/cgi-bin/slow"
    own_service.register("leaving", shop.url, build_command=command, drain_timeout=60)
    first = own_service.succeed("leaving")
    (old,) = instance_containers(own_service.data_dir)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(own_service.visit, "/leaving/cgi-bin/slow")
        own_service.succeed("leaving")
        own_service.kill()
        own_service.start()
        pause = WaitLoop("nothing", pause=0.5)
        for _ in range(6):
            pause.again()
            assert old.id in {each.id for each in instance_containers(own_service.data_dir)}
        assert not asked.done()
        (own_service.data_dir / "output" / str(first["id"]) / "go").touch()
        assert (asked.result().status_code, asked.result().text) == (200, "slow")
    waiting = WaitLoop("the old version to be removed")
    while old.id in {each.id for each in instance_containers(own_service.data_dir)}:
        waiting.again()


def test_workers_hold_neither_the_lock_nor_the_database_nor_the_api(own_service: Service) -> None:
    assert own_service.process is not None
    listening = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines() if line.split()[3] == "0A"}
    for pid in workers_of(own_service.data_dir):
        held = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
        assert not [name for name in held if name.startswith(str(own_service.data_dir))]
        assert len({f"socket:[{inode}]" for inode in listening} & held) == 1
    own_service.kill()
    # The port and the directory are free, though the workers live.
    own_service.start("--api-port", own_service.url.rpartition(":")[2])


# What systemd does for a socket unit.
ACTIVATOR = (
    "import os, sys\n"
    "os.dup2(int(sys.argv[1]), 3)\n"
    "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES='proxy')\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)


async def test_with_a_socket_of_systemds_an_ordinary_restart_refuses_nobody(
    tmp_path: Path, shop: GitRepository
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        address = listening.getsockname()
        starter = [sys.executable, "-c", ACTIVATOR, str(listening.fileno())]
        with run_service(tmp_path / "data", starter=starter, descriptors=[listening.fileno()]) as service:
            assert address_of(service) == address

            def deploy() -> None:
                service.register("web", shop.url)
                service.succeed("web")

            await trio.to_thread.run_sync(deploy)
            async with crowd(address, keep_alive=0, new=4, requests=[get("/web/index.html")]) as visitors:
                await visitors.wait_served(20)
                assert await trio.to_thread.run_sync(service.stop) == 0
                assert workers_of(service.data_dir) == []
                await trio.to_thread.run_sync(service.start)
                await visitors.wait_served(20)
            assert visitors.failures == []


def test_what_bears_our_label_and_belongs_to_nothing_is_removed(own_service: Service, shop: GitRepository) -> None:
    own_service.register("owner", shop.url)
    own_service.succeed("owner")
    (runtime,) = instance_containers(own_service.data_dir)
    own_service.kill()
    labels = [f"--label={key}={value}" for key, value in runtime.labels.items() if key.startswith("lci.")]
    orphan = subprocess.run(
        ["docker", "create", *labels, "--label=lci.build_id=99999", "lci-test/busybox:1", "sleep", "1000"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    (own_service.data_dir / "output" / "4711").mkdir()
    own_service.start()
    waiting = WaitLoop("the orphan to be removed")
    while subprocess.run(["docker", "inspect", orphan], capture_output=True, check=False).returncode == 0:
        waiting.again()
    while (own_service.data_dir / "output" / "4711").exists():
        waiting.again()
    assert own_service.visit("/owner/index.html").text == "first"


def test_a_worker_of_the_proxy_that_dies_is_replaced(own_service: Service, shop: GitRepository) -> None:
    own_service.register("robust", shop.url)
    own_service.succeed("robust")
    assert own_service.process is not None
    workers = [pid for pid in children_of(own_service.process.pid) if "proxy-worker" in _command(pid)]
    assert len(workers) == 2
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    waiting = WaitLoop("new workers")
    while True:
        now = [pid for pid in children_of(own_service.process.pid) if "proxy-worker" in _command(pid)]
        if len(now) == 2 and not set(now) & set(workers):
            break
        waiting.again()
    assert own_service.visit("/robust/index.html").text == "first"


def test_a_second_instance_on_the_same_data_directory_is_refused(own_service: Service) -> None:
    done = own_service.cli("serve", "--api-port", "0", "--proxy-port", "0", check=False)
    assert done.returncode == 1
    assert own_service.process is not None
    assert str(own_service.process.pid) in done.stderr.splitlines()[-1]


def test_a_database_of_a_newer_version_is_left_alone(own_service: Service) -> None:
    own_service.stop()
    database = own_service.data_dir / "db" / "lci.db"
    with sqlite3.connect(database) as connection:
        (columns,) = connection.execute("SELECT group_concat(name) FROM pragma_table_info('migrations')").fetchone()
        connection.execute(
            f"INSERT INTO migrations ({columns}) SELECT 9999, "
            + ", ".join(columns.split(",")[1:])
            + " FROM migrations LIMIT 1"
        )
    connection.close()
    done = own_service.cli("serve", "--api-port", "0", "--proxy-port", "0", check=False)
    assert done.returncode == 1
    assert "newer" in done.stderr.splitlines()[-1]


def test_two_instances_on_one_engine_leave_each_other_alone(
    own_service: Service, shop: GitRepository, tmp_path: Path
) -> None:
    with run_service(tmp_path / "other") as other:
        for each in (own_service, other):
            each.register("twin", shop.url)
            each.succeed("twin")
        ours, theirs = instance_containers(own_service.data_dir), instance_containers(other.data_dir)
        assert len(ours) == len(theirs) == 1
        assert ours[0].labels["lci.instance"] != theirs[0].labels["lci.instance"]
        assert ours[0].name != theirs[0].name
        own_service.kill()
        own_service.start()
        own_service.succeed("twin")
        assert other.visit("/twin/index.html").text == "first"
        other.call("DELETE", "/api/projects/twin")
        assert own_service.visit("/twin/index.html").text == "first"


def test_pushes_that_were_answered_survive_a_kill(own_service: Service, shop: GitRepository) -> None:
    own_service.register("acknowledged", shop.url, build_command="sleep 600")
    builds = []
    for number in range(5):
        # The same request again would be a replay.
        answer = own_service.push(push_payload(shop.url, shop.head(), before=f"{number}" * 40))
        assert answer.status_code == 202
        builds.append(answer.json()["data"]["builds"][0]["build_id"])
    own_service.kill()
    own_service.start()
    listed = own_service.get("/api/projects/acknowledged/builds")["builds"]
    assert sorted(build["id"] for build in listed) == builds
    for build in builds:
        own_service.post(f"/api/builds/{build}/cancel")
        assert own_service.wait_build(build)["status"] == "Cancelled"


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
