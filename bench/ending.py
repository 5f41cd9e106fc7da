"""How soon what is to end has ended: a cancelled build, and lci itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from statistics import quantiles
from typing import Final

import trio
from trio_websocket import ConnectionClosed

from bench.figures import AtMost, Figure
from bench.standing import standing_service
from tests.whole.live import Watcher
from tests.whole.service import Service, WaitLoop, instance_containers

CANCELS: Final = 50
STOPS: Final = 3
BUILDS: Final = 4
VIEWERS: Final = 20
# Deaf to every signal that can be ignored, and printing all the time.
COMMAND: Final = "trap '' TERM INT; while true; do echo at work; sleep 0.05; done"


def measure_cancel() -> Sequence[Figure]:
    """From a cancellation to the moment when the engine knows nothing of the build any more; the build ignores it."""
    with standing_service() as (service, repository):
        service.register("bench", repository.url, build_command=COMMAND)
        took = [_cancel(service) for _ in range(CANCELS)]
    return [
        Figure("cancelled to container gone", "s", took),
        Figure("cancelled to container gone, p99", "s", [quantiles(took, n=100)[-1]], AtMost(2)),
    ]


def _cancel(service: Service) -> float:
    build = service.post("/api/projects/bench/builds")["build_id"]
    waiting = WaitLoop("its container", pause=0.02)
    while not any(each.status == "running" for each in instance_containers(service.data_dir, build_id=str(build))):
        waiting.again()
    began = time.perf_counter()
    service.post(f"/api/builds/{build}/cancel")
    waiting = WaitLoop("its container's end", pause=0.005)
    while instance_containers(service.data_dir, build_id=str(build)):
        waiting.again()
    took = time.perf_counter() - began
    service.wait_build(build)
    return took


def measure_stop() -> Sequence[Figure]:
    """From SIGTERM to a clean end, while four builds run that ignore it, and twenty viewers follow one of them."""
    with standing_service(options=("--max-parallel-builds", str(BUILDS))) as (service, repository):
        for number in range(BUILDS):
            service.register(f"bench-{number}", repository.url, build_command=COMMAND)
        took = []
        for run in range(STOPS):
            if run:
                service.start()
            took.append(trio.run(_stop, service))
    return [Figure("SIGTERM to exit 0", "s", took, AtMost(10))]


async def _stop(service: Service) -> float:
    """Return how long it took. Raises RuntimeError where it did not end well."""

    def builds_at_work() -> list[int]:
        running = []
        for number in range(BUILDS):
            builds = service.get(f"/api/projects/bench-{number}/builds")["builds"]
            under_way = [build["id"] for build in builds if build["status"] in {"Queued", "Building"}]
            running += under_way or [service.post(f"/api/projects/bench-{number}/builds")["build_id"]]
        for build in running:
            waiting = WaitLoop("its output")
            while "at work" not in service.log_lines(build):
                waiting.again()
        return running

    first, *_ = await trio.to_thread.run_sync(builds_at_work)
    async with trio.open_nursery() as viewers:
        for _ in range(VIEWERS):
            await viewers.start(_watch, service, first)
        began = time.perf_counter()
        status = await trio.to_thread.run_sync(service.stop)
        took = time.perf_counter() - began
        viewers.cancel_scope.cancel()
    if status != 0:
        raise RuntimeError(f"lci ended with {status}: {''.join(service.stderr)}")
    return took


async def _watch(
    service: Service, build: int, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Read what comes until lci ends the connection."""
    async with Watcher.open(service) as watcher:
        await watcher.subscribe(target="build", build_id=build)
        task_status.started()
        with suppress(ConnectionClosed):
            while True:
                await watcher.receive()
