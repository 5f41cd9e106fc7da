"""How soon GitHub has its answer while the machine builds."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Final
from uuid import uuid4

import requests

from bench.figures import AtMost, Figure
from tests.git_server import run_git_server
from tests.whole.service import Service, push_payload, run_service, sign

RUNS: Final = 3
REQUESTS: Final = 300
BUILDS: Final = 4
# A build that works and tells of it, some ten thousand lines a second.
COMMAND: Final = "while true; do seq 1000; sleep 0.1; done"


def measure() -> Sequence[Figure]:
    """Signed pushes, one after another, while four builds run and print."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    options = ("--max-parallel-builds", str(BUILDS))
    try:
        with (
            run_git_server(directory / "git") as server,
            run_service(directory / "data", options=options) as service,
        ):
            repository = server.create("acme/shop")
            commit = repository.commit({"index.html": "x"})
            for number in range(BUILDS):
                service.register(f"bench-{number}", repository.url, build_command=COMMAND, path_filter=f"{number}/**")
                service.post(f"/api/projects/bench-{number}/builds")
            for number in range(BUILDS):
                running = service.get(f"/api/projects/bench-{number}/builds")["builds"][0]["id"]
                service.wait_build(running, "Building")
            return _knock(service, push_payload(repository.url, commit))
    finally:
        shutil.rmtree(directory)


def _knock(service: Service, payload: dict[str, object]) -> Sequence[Figure]:
    """Push to one of the projects whose queue is held by its running build."""
    files = [{"id": payload["after"], "added": ["0/page"], "modified": [], "removed": []}]
    secret = service.get("/api/settings/webhook-secret")["secret"]
    p50s, p99s = [], []
    with requests.Session() as github:
        for _ in range(RUNS):
            milliseconds = []
            for _ in range(REQUESTS):
                delivery = str(uuid4())
                # The same body again would be a replay.
                body = json.dumps({**payload, "commits": files, "delivery": delivery}).encode()
                headers = {
                    "X-GitHub-Event": "push",
                    "X-GitHub-Delivery": delivery,
                    "X-Hub-Signature-256": sign(secret, body),
                    "Content-Type": "application/json",
                }
                began = perf_counter()
                answer = github.post(f"{service.url}/webhook/github", data=body, headers=headers, timeout=30)
                milliseconds.append(1000 * (perf_counter() - began))
                if answer.status_code != 202:
                    raise RuntimeError(answer.text)
            p50s.append(median(milliseconds))
            p99s.append(quantiles(milliseconds, n=100)[-1])
    return [Figure("answer, median", "ms", p50s), Figure("answer, p99", "ms", p99s, AtMost(100))]
