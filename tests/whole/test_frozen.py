"""The executable as people download it: one file, started where nothing of ours is."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from tests.git_server import GitRepository
from tests.proxy.planes import crowd
from tests.proxy.visitors import get
from tests.whole.live import Watcher
from tests.whole.service import (
    Service,
    WaitLoop,
    address_of,
    children_of,
    end_workers,
    push_payload,
    remove_containers,
    workers_of,
)

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def executable() -> Path:
    done = subprocess.run([ROOT / "scripts" / "build"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return ROOT / "dist" / "lci"


@pytest.fixture
def frozen(executable: Path, tmp_path: Path) -> Iterator[Service]:
    """The executable serving, with an empty environment."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    service = Service(tmp_path / "data", program=[str(executable)], environment={"TMPDIR": str(temporary)})
    try:
        service.start()
        yield service
    finally:
        if service.process is not None:
            service.stop()
        end_workers(service.data_dir)
        remove_containers(service.data_dir)


def test_the_executable_takes_a_signed_push_live_and_ends_cleanly(
    frozen: Service, shop: GitRepository, tmp_path: Path
) -> None:
    frozen.register("frozen", shop.url)
    commit = shop.commit({"index.html": "from one file"})

    async def push_and_watch() -> list[dict[str, object]]:
        async with Watcher.open(frozen) as watcher:
            await watcher.subscribe(target="global")
            answer = await trio.to_thread.run_sync(frozen.push, push_payload(shop.url, commit))
            return await watcher.until_build_ends(answer.json()["data"]["builds"][0]["build_id"])

    seen = trio.run(push_and_watch)
    assert seen[-1]["status"] == "Success", frozen.stderr
    assert frozen.visit("/frozen/index.html").text == "from one file"
    log = frozen.get(f"/api/builds/{seen[-1]['build_id']}/logs/search?q=serves.frozen&regex=true")
    assert len(log["lines"]) == 1
    assert frozen.process is not None
    processes = [frozen.process.pid, *children_of(frozen.process.pid)]
    assert frozen.stop() == 0
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []
    assert os.listdir(tmp_path / "tmp") == []  # noqa: PTH208


@pytest.mark.skipif(shutil.which("cc") is None, reason="There is no C compiler.")
def test_the_executable_serves_visitors_with_the_compiled_proxy(frozen: Service) -> None:
    workers = workers_of(frozen.data_dir)
    assert workers
    loaded = [Path(f"/proc/{worker}/maps").read_text() for worker in workers]
    assert any("__mypyc.cpython-" in maps for maps in loaded)


async def test_no_visitor_notices_that_the_executable_is_killed_and_started_again(
    frozen: Service, shop: GitRepository, tmp_path: Path
) -> None:
    def deploy() -> None:
        frozen.register("again", shop.url)
        frozen.succeed("again")

    def kill() -> None:
        assert frozen.process is not None
        others = set(children_of(frozen.process.pid)) - set(workers_of(frozen.data_dir))
        assert others
        frozen.kill()
        waiting = WaitLoop("its other processes to end with it")
        while any(Path(f"/proc/{pid}").exists() for pid in others):
            waiting.again()

    await trio.to_thread.run_sync(deploy)
    async with crowd(address_of(frozen), requests=[get("/again/index.html")]) as visitors:
        for end in (kill, frozen.hang_up, kill):
            await visitors.wait_served(30)
            await trio.to_thread.run_sync(end)
            await visitors.wait_served(30)
            await trio.to_thread.run_sync(frozen.start)
            await visitors.wait_served(30)
    assert visitors.failures == []
    await trio.to_thread.run_sync(frozen.succeed, "again")
    assert await trio.to_thread.run_sync(frozen.stop) == 0
    assert workers_of(frozen.data_dir) == []
    # Also nothing of those that were killed.
    assert os.listdir(tmp_path / "tmp") == []  # noqa: PTH208
