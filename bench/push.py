"""From a push to the live version, beside a shell script that does the same by hand."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from secrets import token_hex
from time import perf_counter
from typing import Final

import trio

from bench.figures import AtMost, Figure
from tests.git_server import GitRepository, run_git_server
from tests.whole.live import Watcher
from tests.whole.service import IMAGE, Service, push_payload, run_service

RUNS: Final = 9
BY_HAND: Final = Path(__file__).with_name("push_by_hand.sh")
BY_HAND_PORT: Final = 17999
# The same patience on both sides: what is not healthy yet is asked again after this many seconds.
HEALTH_INTERVAL: Final = 0.1


def measure() -> Sequence[Figure]:
    """A push of the busybox sample until it is live, in turn with git, docker and curl in a shell script."""
    directory = Path(tempfile.mkdtemp(prefix="lci-bench-"))
    try:
        with run_git_server(directory / "git") as server, run_service(directory / "data") as service:
            repository = server.create("acme/shop")
            return _compare(service, repository, directory)
    finally:
        shutil.rmtree(directory)


def _compare(service: Service, repository: GitRepository, directory: Path) -> Sequence[Figure]:
    commit = repository.commit({"index.html": "warm-up"})
    service.register("bench", repository.url, health_check_interval=HEALTH_INTERVAL, drain_timeout=1)
    mirror = directory / "mirror.git"
    subprocess.run(["git", "clone", "-q", "--mirror", repository.url, mirror], check=True)
    trio.run(_push, service, repository, commit)
    _by_hand(mirror, commit, directory / "warm-up")
    ours, theirs = [], []
    for run in range(RUNS):
        commit = repository.commit({"index.html": f"run {run}"})
        ours.append(trio.run(_push, service, repository, commit))
        theirs.append(_by_hand(mirror, commit, directory / str(run)))
    return [
        Figure("push to live", "s", ours),
        Figure("the same by hand", "s", theirs),
        Figure("ratio", "", [mine / hand for mine, hand in zip(ours, theirs, strict=True)], AtMost(1.15)),
    ]


async def _push(service: Service, repository: GitRepository, commit: str) -> float:
    """Return the seconds from the webhook's request to the build's `Success`."""
    async with Watcher.open(service) as watcher:
        await watcher.subscribe(target="global")
        secret = service.get("/api/settings/webhook-secret")["secret"]
        began = perf_counter()
        push = partial(service.push, push_payload(repository.url, commit, before=token_hex(20)), secret=secret)
        answer = await trio.to_thread.run_sync(push)
        build = answer.json()["data"]["builds"][0]["build_id"]
        await watcher.until_build_ends(build)
        took = perf_counter() - began
    if service.get(f"/api/builds/{build}")["status"] != "Success":
        raise RuntimeError(service.log_text(build))
    return took


def _by_hand(mirror: Path, commit: str, work: Path) -> float:
    work.mkdir()
    began = perf_counter()
    done = subprocess.run(
        ["/bin/sh", "-e", BY_HAND, mirror, commit, work, str(BY_HAND_PORT), IMAGE, str(HEALTH_INTERVAL)],
        capture_output=True,
        text=True,
        check=False,
    )
    took = perf_counter() - began
    with suppress(FileNotFoundError):
        subprocess.run(
            ["docker", "rm", "-f", (work / "container").read_text().strip()], capture_output=True, check=True
        )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return took
