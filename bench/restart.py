"""How soon lci serves again, and has put everything in order, after a kill, with much to look after."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

import requests

from bench.figures import AtMost, Figure
from bench.standing import standing_service
from tests.whole.service import Service, WaitLoop, end_workers

RUNS: Final = 3
PROJECTS: Final = 50
BUILDS: Final = 20_000
# Copies of a finished build, each with its stages, as years of pushes leave them.
_COPY_BUILDS: Final = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :copies)
INSERT INTO builds ({columns}) SELECT {values} FROM builds b, numbers
WHERE b.id = (SELECT min(id) FROM builds WHERE project_id = :project_id)
"""


def measure() -> Sequence[Figure]:
    """50 projects that serve and 20,000 builds: everything is killed, the proxy too, and started."""
    with standing_service() as (service, repository):
        for number in range(PROJECTS):
            service.register(f"bench-{number}", repository.url)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(service.succeed, [f"bench-{number}" for number in range(PROJECTS)]))
        service.stop()
        _remember_builds(service)
        service.start()
        runs = [_kill_and_start(service) for _ in range(RUNS)]
    return [
        Figure("killed, started: the first visitor is served", "s", [served for served, _ in runs], AtMost(2)),
        Figure("killed, started: reconciled, a build begins", "s", [reconciled for _, reconciled in runs], AtMost(10)),
    ]


def _remember_builds(service: Service) -> None:
    """Put finished builds into the database; lci does not run."""
    with closing(sqlite3.connect(service.data_dir / "db" / "lci.db")) as connection, connection:
        named = [row[1] for row in connection.execute("PRAGMA table_info(builds)") if row[1] != "id"]
        made = {"build_number": "1000 + n", "retained": "0", "output_build_id": "NULL"}
        statement = _COPY_BUILDS.format(
            columns=", ".join(named), values=", ".join(made.get(name, f"b.{name}") for name in named)
        )
        for (project_id,) in connection.execute("SELECT id FROM projects").fetchall():
            connection.execute(statement, {"copies": BUILDS // PROJECTS, "project_id": project_id})


def _kill_and_start(service: Service) -> tuple[float, float]:
    """Return when a visitor was served and when a build began, in seconds from the start."""
    build = service.post("/api/projects/bench-0/builds", {"deploy": False})["build_id"]
    service.wait_build(build)
    service.kill()
    end_workers(service.data_dir)
    began = time.perf_counter()
    service.start()
    waiting = WaitLoop("a visitor to be served", pause=0.005)
    while requests.get(f"{service.proxy_url}/bench-1/index.html", timeout=10).status_code != 200:
        waiting.again()
    served = time.perf_counter() - began
    # None begins before everything of the earlier run is settled.
    build = service.post("/api/projects/bench-0/builds", {"deploy": False})["build_id"]
    waiting = WaitLoop("a build to begin", pause=0.02)
    while service.get(f"/api/builds/{build}")["status"] == "Queued":
        waiting.again()
    reconciled = time.perf_counter() - began
    service.wait_build(build)
    return served, reconciled
