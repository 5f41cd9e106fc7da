"""An engine is stopped, killed and hung again and again while a build runs and a service serves.

`python -m tests.whole.engine_rounds 100` prints what came of a hundred rounds.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.git_server import GitRepository, run_git_server
from tests.whole.private_engine import PrivateEngine, run_private_engine, wait_until
from tests.whole.service import Service, run_service

# Long enough to be met by the trouble, whatever the machine does beside.
SLOW_BUILD = "i=0; while test $i -lt 25; do i=$((i+1)); echo $i; sleep 0.1; done; cp index.html /output/"
# A visitor who waits longer than this, in seconds, was not answered.
PATIENCE = 8.0
HUNG_SECONDS = 7.0


def stop(engine: PrivateEngine) -> None:
    engine.stop()
    engine.start()


def kill(engine: PrivateEngine) -> None:
    engine.kill()
    engine.start()


def hang(engine: PrivateEngine) -> None:
    engine.hang()
    time.sleep(HUNG_SECONDS)
    engine.go_on()


WAYS: Mapping[str, Callable[[PrivateEngine], None]] = {"stop": stop, "kill": kill, "hang": hang}


@dataclass
class Visits:
    """What a visitor saw who never stops asking."""

    statuses: Counter[int | str] = field(default_factory=Counter)
    slowest: float = 0.0
    after: list[tuple[float, int | str]] = field(default_factory=list)


@contextmanager
def visiting(url: str) -> Iterator[Visits]:
    seen, done = Visits(), threading.Event()

    def visit() -> None:
        while not done.wait(0.05):
            began = time.monotonic()
            try:
                status: int | str = requests.get(url, timeout=PATIENCE).status_code
            except requests.RequestException as error:
                status = type(error).__name__
            seen.statuses[status] += 1
            seen.slowest = max(seen.slowest, time.monotonic() - began)

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


@dataclass(frozen=True)
class Round:
    build: Mapping[str, Any]
    visits: Visits
    ready_after: float
    serving_after: float

    @property
    def blames_project(self) -> bool:
        """Whether the build was called the project's failure: its command never fails by itself."""
        return self.build["status"] != "Success" and (self.build["failure"] or {}).get("kind") != "infra"


@dataclass
class Rounds:
    service: Service
    engine: PrivateEngine

    def prepare(self, shop: GitRepository) -> None:
        self.service.register("web", shop.url)
        self.service.succeed("web")
        self.service.register("slow", shop.url, build_command=SLOW_BUILD)

    def run(self, trouble: Callable[[PrivateEngine], None]) -> Round:
        service = self.service
        build = service.post("/api/projects/slow/builds", {"deploy": False})["build_id"]
        wait_until("the build to run", lambda: self._printed(build) > 3)
        with visiting(f"{service.proxy_url}/web/index.html") as visits:
            trouble(self.engine)
            ready = wait_until("lci to be ready", self._is_ready)
            serving = wait_until("the service to serve", self._serves)
            ended = service.wait_build(build)
        return Round(ended, visits, ready, serving)

    def _printed(self, build: int) -> int:
        return int(self.service.get(f"/api/builds/{build}/logs?limit=1")["total"])

    def _is_ready(self) -> bool:
        return requests.get(f"{self.service.url}/readyz", timeout=10).status_code == 200

    def _serves(self) -> bool:
        slot = self.service.get("/api/projects/web/status")["blue"]
        answered = self.service.visit("/web/index.html").status_code == 200
        return answered and (slot["status"], slot["health"]) == ("running", "healthy")


@contextmanager
def open_rounds(directory: Path, number: int, *, live_restore: bool) -> Iterator[Rounds]:
    with (
        run_private_engine(number, live_restore=live_restore) as engine,
        run_git_server(directory / "git") as git,
    ):
        shop = git.create("acme/shop")
        shop.commit({"index.html": "first"}, "Open the shop")
        options = ("--docker-host", engine.address, "--container-range", engine.container_range)
        with run_service(directory / "data", options=options) as service:
            rounds = Rounds(service, engine)
            rounds.prepare(shop)
            yield rounds


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what this program is for


def main(count: int) -> None:
    ends: Counter[str] = Counter()
    answers: Counter[int | str] = Counter()
    blamed, retried, slowest, ready, serving = 0, 0, 0.0, 0.0, 0.0
    began = time.monotonic()
    for live_restore in (False, True):
        with (
            tempfile.TemporaryDirectory(prefix="lci-rounds-") as made,
            open_rounds(Path(made), 5, live_restore=live_restore) as rounds,
        ):
            for number in range(count // 2):
                way = list(WAYS)[number % len(WAYS)]
                done = rounds.run(WAYS[way])
                ends[f"{way} {'live-restore' if live_restore else 'plain'}: {done.build['status']}"] += 1
                blamed += done.blames_project
                retried += done.build.get("infra_retries", 0) or 0
                answers += done.visits.statuses
                slowest = max(slowest, done.visits.slowest)
                ready, serving = max(ready, done.ready_after), max(serving, done.ready_after + done.serving_after)
                _say(f"{sum(ends.values())} {way} {done.build['status']} {dict(done.visits.statuses)}")
    _say(f"{sum(ends.values())} rounds in {time.monotonic() - began:.0f} s: {dict(ends)}")
    _say(f"builds called the project's failure: {blamed}; tried again: {retried}")
    _say(f"visitors: {dict(answers)}; the slowest answer {slowest:.2f} s")
    _say(f"after the engine answered: ready within {ready:.2f} s, serving and healthy within {serving:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
