"""What a crowd of viewers of one build costs everybody else."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import requests

from bench.figures import AtMost, Figure
from bench.proxy.servants import run_servant
from bench.standing import standing_service
from tests.whole.service import Service, WaitLoop

VIEWERS: Final = 1000
STALLED: Final = 100
# Some 200 lines a second, for 40 seconds: as many as the viewers, who are programs too, can take in on two cores. It
# waits to be let go, so that all of them are there by then.
COMMAND: Final = "while [ ! -e /output/go ]; do usleep 10000; done; for i in $(seq 400); do seq 20; usleep 95000; done"
ASKED_SECONDS: Final = 12.0


def measure() -> Sequence[Figure]:
    """1,000 viewers of a build that prints 200 lines a second, 100 of whom read nothing: what they cost."""
    with standing_service() as (service, repository):
        service.register("bench", repository.url, build_command=COMMAND)
        service.register("served", repository.url)
        service.succeed("served")
        build = _begin(service)
        began = _let_go(service, build)
        service.wait_build(build)
        alone = time.perf_counter() - began
        build = _begin(service)
        arguments = (service.url, service.token, str(build), str(VIEWERS), str(STALLED))
        with run_servant("bench.crowd_of_viewers", *arguments) as crowd:
            crowd.word()
            began = _let_go(service, build)
            api, proxy = _answers(service)
            service.wait_build(build)
            watched = time.perf_counter() - began
            heard = crowd.last_word()
        memory = _memory(service)
    return [
        Figure("the build's time / alone", "", [watched / alone], AtMost(1.2)),
        Figure("the API's answers, p99", "ms", [quantiles(api, n=100)[-1]]),
        Figure("the proxy's answers, p99", "ms", [quantiles(proxy, n=100)[-1]]),
        Figure("viewers who read: behind, median", "ms", [median(heard["late"])]),
        Figure("viewers who read: behind, p99", "ms", [quantiles(heard["late"], n=100)[-1]], AtMost(1000)),
        Figure("viewers who read: lines missed", "", [heard["missed"]], AtMost(0)),
        Figure("memory of the main process", "MB", [memory], AtMost(400)),
    ]


def _begin(service: Service) -> int:
    """Return a build whose command waits to be let go."""
    build: int = service.post("/api/projects/bench/builds", {"deploy": False})["build_id"]
    waiting = WaitLoop(f"the output of build {build}")
    while not (service.data_dir / "output" / str(build)).is_dir():
        waiting.again()
    return build


def _let_go(service: Service, build: int) -> float:
    """Have the command print; returns when that was."""
    (service.data_dir / "output" / str(build) / "go").touch()
    return time.perf_counter()


def _answers(service: Service) -> tuple[list[float], list[float]]:
    """Return how long the API and the proxy took to answer, in ms."""
    api: list[float] = []
    proxy: list[float] = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {service.token}"
        end = time.monotonic() + ASKED_SECONDS
        while time.monotonic() < end:
            for took, address in (
                (api, f"{service.url}/api/projects"),
                (proxy, f"{service.proxy_url}/served/index.html"),
            ):
                began = time.perf_counter()
                session.get(address, timeout=30).raise_for_status()
                took.append(1000 * (time.perf_counter() - began))
            time.sleep(0.02)
    return api, proxy


def _memory(service: Service) -> float:
    assert service.process is not None
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    [kilobytes] = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024
