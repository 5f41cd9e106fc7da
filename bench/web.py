"""The dashboard in a real Chromium, on a real lci."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.figures import AtMost, Figure
from tests.api.test_dashboard import loaded_first, packed
from tests.git_server import GitRepository, run_git_server
from tests.web.browser import run_scenario
from tests.web.test_log import LINES, PRINT, TALK
from tests.whole.service import Service, run_service

RUNS: Final = 3
PROJECTS: Final = 200
CUTS: Final = 50
FLOOD_SECONDS: Final = 60
# 50 batches of 100 lines a second, until it is told to end.
FLOOD: Final = (
    'while [ ! -e /output/end ]; do seq 1 100 | sed "s/^/[INFO] compiling module number /"; usleep 20000; done'
)


def measure_load() -> Sequence[Figure]:
    """What the first page loads, packed; and how soon 200 projects are there to be used."""
    size = sum(map(packed, loaded_first("index.html"))) / 1000
    with _standing() as (service, repository):
        for number in range(PROJECTS):
            service.register(f"project-{number}", repository.url)
        found = _scenario(service, "dashboard", projects=PROJECTS, runs=RUNS)
    return [
        Figure("first load, gzip", "KB", [size], AtMost(70)),
        Figure("200 projects, to usable", "s", [time / 1000 for time in found["times"]], AtMost(1)),
    ]


def measure_log() -> Sequence[Figure]:
    """A log of 200,000 lines: nodes in the page, a jump to line 150,000, the longest frame while scrolling."""
    with _standing() as (service, repository):
        service.register("long", repository.url, build_command=PRINT)
        build = service.succeed("long", deploy=False)
        first = service.get(f"/api/builds/{build['id']}/logs/search?q=line 1 of&limit=1")["lines"][0]["number"]
        runs = [_scenario(service, "log", build=build["id"], lines=LINES, first=first) for _ in range(RUNS)]
    return [
        Figure("200,000 lines: nodes in the page", "", [run["nodes"] for run in runs], AtMost(1500)),
        Figure("jump to line 150,000", "ms", [run["jump"] for run in runs], AtMost(300)),
        Figure("longest frame while scrolling", "ms", [run["frame"] for run in runs], AtMost(50)),
    ]


def measure_flood() -> Sequence[Figure]:
    """A build that prints 5,000 lines a second for a minute while somebody watches."""
    with _standing() as (service, repository):
        build, end = _talking(service, repository, FLOOD)
        found = _scenario(service, "flood", {"end the build": end}, build=build, seconds=FLOOD_SECONDS)
    return [
        Figure("lines shown", "lines/s", [found["lines"] / FLOOD_SECONDS]),
        Figure("input delay, p95", "ms", [found["delay"]], AtMost(100)),
        Figure("most memory of the page", "MB", [found["heap"]], AtMost(250)),
    ]


def measure_cuts() -> Sequence[Figure]:
    """The WebSocket cut 50 times in one build: lines that the page lacks, or shows otherwise than they are stored."""
    with _standing() as (service, repository):
        build, end = _talking(service, repository, TALK)
        found = _scenario(service, "live", {"end the build": end}, build=build, cuts=CUTS)
        shown: dict[int, str] = dict(found["lines"])
        stored = dict(_stored(service, build))
    wrong = sum(shown.get(number) != text for number, text in stored.items()) + len(shown.keys() - stored.keys())
    return [Figure("lines missing or wrong", "", [wrong], AtMost(0)), Figure("cuts", "", [found["cuts"]])]


@contextmanager
def _standing() -> Iterator[tuple[Service, GitRepository]]:
    with tempfile.TemporaryDirectory(prefix="lci-bench-") as directory:
        place = Path(directory)
        with run_git_server(place / "git") as server, run_service(place / "data") as service:
            repository = server.create("acme/shop")
            repository.commit({"index.html": "x"})
            yield service, repository


def _scenario(service: Service, name: str, steps: dict[str, Callable[[], Any]] | None = None, **options: Any) -> Any:
    found = run_scenario(name, {"url": service.url, "token": service.token, **options}, steps)
    complaints = [each for each in found["complaints"] if "WebSocket" not in each]
    if complaints:
        raise RuntimeError(f"{name}: {complaints}")
    return found


def _talking(service: Service, repository: GitRepository, command: str) -> tuple[int, Callable[[], Any]]:
    """Start a build that prints until the function that is returned is called."""
    service.register("talk", repository.url, build_command=command)
    build = service.post("/api/projects/talk/builds", {"deploy": False})["build_id"]
    service.wait_build(build, "Building")
    return build, (service.data_dir / "output" / str(build) / "end").touch


def _stored(service: Service, build: int) -> Iterator[tuple[int, str]]:
    number = 1
    while lines := service.get(f"/api/builds/{build}/logs?from={number}&limit=5000")["lines"]:
        yield from ((line["number"], line["text"]) for line in lines)
        number = lines[-1]["number"] + 1
