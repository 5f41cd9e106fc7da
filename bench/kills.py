"""Whether a line of a log is lost or stored twice while lci is killed and somebody who watches does not read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

import requests
import trio

from bench.figures import AtMost, Figure
from bench.standing import standing_service
from tests.whole.live import Watcher
from tests.whole.service import Service, WaitLoop

BUILDS: Final = 10
LINES: Final = 1_000_000
# Killed when so many lines of the build are stored.
KILLED_AT: Final = (LINES // 5, LINES // 2)
COMMAND: Final = f"seq {LINES}"


def measure() -> Sequence[Figure]:
    """Ten builds of a million lines each; lci is killed twice in each, beside a viewer that reads nothing."""
    with standing_service() as (service, repository):
        service.register("bench", repository.url, build_command=COMMAND)
        kills, found, seconds = 0, [], []
        for _ in range(BUILDS):
            began = time.perf_counter()
            build = service.post("/api/projects/bench/builds", {"deploy": False})["build_id"]
            kills += trio.run(_disturb, service, build)
            ended = service.wait_build(build)
            seconds.append(time.perf_counter() - began)
            if ended["status"] != "Success":
                raise RuntimeError(f"build {build}: {ended['failure']}")
            found.append(_lost_and_repeated(service, build))
    return [
        Figure("lines printed", "", [BUILDS * LINES]),
        Figure("kills while they were printed", "", [kills]),
        Figure("lines lost", "", [sum(lost for lost, _ in found)], AtMost(0)),
        Figure("lines repeated", "", [sum(repeated for _, repeated in found)], AtMost(0)),
        Figure("a build, with its kills", "s", seconds),
    ]


async def _disturb(service: Service, build: int) -> int:
    """Kill lci at each of the marks that it is seen at; returns how often."""
    kills = 0
    for mark in KILLED_AT:
        async with trio.open_nursery() as nursery:
            await nursery.start(_stall, service, build)
            at_mark = await trio.to_thread.run_sync(_wait_for, service, build, mark)
            if at_mark:
                kills += 1
                await trio.to_thread.run_sync(service.kill)
                await trio.to_thread.run_sync(service.start)
            nursery.cancel_scope.cancel()
    return kills


async def _stall(
    service: Service, build: int, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Follow the log, and read nothing of it."""
    with trio.CancelScope() as scope:
        try:
            async with Watcher.open(service) as watcher:
                await watcher.subscribe(target="build", build_id=build)
                task_status.started()
                await trio.sleep_forever()
        except* OSError:
            scope.cancel()


def _wait_for(service: Service, build: int, mark: int) -> bool:
    """Return whether the build is still at work when so many lines are stored."""
    waiting = WaitLoop(f"{mark} lines", pause=0.01)
    while True:
        now = service.get(f"/api/builds/{build}")
        if now["finished_at"] is not None:
            return False
        if service.get(f"/api/builds/{build}/logs?limit=1")["total"] >= mark:
            return True
        waiting.again()


def _lost_and_repeated(service: Service, build: int) -> tuple[int, int]:
    """Return how many of the numbers that were printed are not stored, and how many are stored again."""
    expected, lost, repeated = 1, 0, 0
    for number in _numbers(service, build):
        if number < expected:
            repeated += 1
        else:
            lost += number - expected
            expected = number + 1
    return lost + LINES + 1 - expected, repeated


def _numbers(service: Service, build: int) -> Iterator[int]:
    """Yield what the command has printed, as the log that is downloaded has it: behind the time of each line."""
    with requests.get(
        f"{service.url}/api/builds/{build}/logs/download",
        headers={"Authorization": f"Bearer {service.token}"},
        stream=True,
        timeout=60,
    ) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines(chunk_size=1 << 20):
            _, _, text = line.partition(b" ")
            # What lci itself writes is no number.
            if text.isdigit():
                yield int(text)
