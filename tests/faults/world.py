"""A real lci with fail points, its real repositories, and what people and GitHub do to it. It can be killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.faults.forked import ForkedService
from tests.faults.ledger import Ledger, Push
from tests.faults.points import VARIABLE, hits_of
from tests.faults.program import HURRY, PROGRAM
from tests.git_server import GitRepository, GitServer, run_git_server
from tests.whole.service import (
    START_SECONDS,
    Service,
    WaitLoop,
    end_workers,
    engine,
    push_payload,
    remove_containers,
    sign,
)

# Prints who it is and numbered lines, so that a try that is missing, doubled or torn can be told from its log.
LINES = 40
BUILD = (
    f"echo begin $(hostname); i=1; while [ $i -le {LINES} ]; do echo line $i; i=$((i+1)); done; "
    "cp index.html /output/; echo end"
)
# The same, a few lines at a time: long enough to be killed, cancelled or asked for in the middle.
SLOW_BUILD = BUILD.replace("i=$((i+1))", "i=$((i+1)); [ $((i%4)) != 0 ] || usleep 60000")


@dataclass
class World:
    """`service` is killed and started again; `ledger` outlives it."""

    service: Service
    git: GitServer
    failpoint: Path
    ledger: Ledger = field(default_factory=Ledger)
    repositories: dict[str, GitRepository] = field(default_factory=dict)
    _secret: str = ""
    _count: int = 0

    def add_project(self, name: str, **fields: Any) -> None:
        """Register a project; its repository is kept where there was one of that name."""
        if name not in self.repositories:
            self.repositories[name] = self.git.create(f"acme/{name}")
            self.repositories[name].commit({"index.html": f"{name} 0"})
        settings = {"build_command": BUILD, "health_check_interval": 0.1, "drain_timeout": 2, "keep_releases": 2}
        self.service.register(name, self.repositories[name].url, **{**settings, **fields})

    def commit(self, project: str) -> Push:
        """Commit a page that no other commit has; returns the push to be delivered."""
        self._count += 1
        repository = self.repositories[project]
        text = f"{project} {self._count}"
        before = repository.head()
        commit = repository.commit({"index.html": text})
        body = json.dumps(push_payload(repository.url, commit, before=before)).encode()
        push = Push(project, commit, text, body)
        self.ledger.pushes.append(push)
        return push

    def push(self, project: str) -> Push:
        push = self.commit(project)
        self.deliver(push)
        return push

    def deliver(self, push: Push) -> bool:
        """Deliver a push, or deliver it again; returns whether it was acknowledged. Nobody may be there to do so."""
        self._secret = self._secret or self.service.get("/api/settings/webhook-secret")["secret"]
        try:
            answer = self.service.deliver(push.body, sign(self._secret, push.body), delivery=push.delivery)
        except requests.RequestException:
            return False
        if answer.status_code >= 500:
            return False
        assert answer.status_code in {200, 202}, answer.text
        builds = [build["build_id"] for build in answer.json()["data"]["builds"]]
        first, push.builds = push.builds, builds
        assert first in (None, builds), f"delivery {push.delivery} was answered with {first}, and then with {builds}"
        return True

    def deliver_unanswered(self) -> None:
        """Do what a person does at GitHub: deliver again what nobody has answered."""
        for push in self.ledger.unanswered():
            assert self.deliver(push), "lci runs and does not take a delivery"

    def order(self, path: str, body: Any = None) -> int | None:
        """Ask for a build; its id, or None where nobody was there to answer."""
        try:
            build: int = self.service.post(path, body)["build_id"]
        except requests.RequestException:
            return None
        self.ledger.ordered.add(build)
        return build

    def wait_running(self, build: int) -> None:
        """Return when the build's container runs."""
        waiting = WaitLoop(f"the container of build {build} to run", pause=0.02)
        ours = {"label": f"lci.build_id={build}", "status": "running"}
        while not any(str(self.service.data_dir) in str(each) for each in engine().api.containers(filters=ours)):
            waiting.again()

    def cancel(self, build: int) -> bool:
        """Cancel a build; returns whether that was answered."""
        try:
            self.service.post(f"/api/builds/{build}/cancel")
        except requests.RequestException:
            return False
        return True

    def projects(self) -> set[str]:
        return {project["name"] for project in self.service.get("/api/projects")["projects"]}

    def remove_project(self, name: str) -> bool:
        """Remove a project; returns whether that was answered. From then on nobody expects anything of it."""
        listed = self.service.get(f"/api/projects/{name}/builds?limit=100")["builds"]
        self.ledger.forget(name, {build["id"] for build in listed})
        try:
            self.service.call("DELETE", f"/api/projects/{name}")
        except requests.RequestException:
            return False
        return True

    # --- its end, and its next beginning

    def arm(self, spec: str) -> None:
        """Tell the running lci what is to happen where; "" disarms it."""
        fresh = self.failpoint.with_suffix(".new")
        fresh.write_text(spec)
        hits_of(self.failpoint).unlink(missing_ok=True)
        fresh.rename(self.failpoint)

    def hits(self) -> set[str]:
        """Return the points at which something has happened as was told."""
        hits = hits_of(self.failpoint)
        return set(hits.read_text().split()) if hits.exists() else set()

    def wait_hit(self, point: str) -> None:
        """Return when something has happened there, as was told."""
        waiting = WaitLoop(f"{point} to be hit")
        while point not in self.hits():
            waiting.again()

    def wait_killed(self) -> None:
        """Return when its fail point has killed it."""
        process = self.service.process
        assert process is not None
        status = process.wait(START_SECONDS)
        self.service._reap()
        assert status == -signal.SIGKILL, f"lci ended with {status}:\n" + "".join(self.service.stderr[-30:])

    def dies_before_it_rests(self) -> bool:
        """Return whether it is killed before what was acknowledged has ended."""
        process = self.service.process
        assert process is not None
        waiting = WaitLoop("lci to be killed, or to rest")
        while process.poll() is None:
            with suppress(requests.RequestException):
                queues = self.service.get("/api/system")["queues"]
                if not queues["queued"] and not queues["running"]:
                    return False
            waiting.again()
        self.wait_killed()
        return True

    def start_to_be_killed(self) -> None:
        """Start it, and return when its fail point has killed it, before it was ready or after."""
        try:
            self.service.start()
        except AssertionError:
            assert self.service.process is not None
            assert self.service.process.poll() == -signal.SIGKILL, "".join(self.service.stderr[-30:])
        self.wait_killed()

    def restart(self) -> None:
        """Start it again with nothing armed, as an administrator does, and deliver again what was not answered."""
        self.arm("")
        self.service.start()
        self.deliver_unanswered()


@contextmanager
def run_world(root: Path, *, options: Sequence[str] = (), hurry: bool = False) -> Iterator[World]:
    """Serve a new data directory below `root` until the block is left; then nothing of it runs any more.

    `hurry`: lci gives trouble hardly any time to pass.
    """
    failpoint = root / "failpoint"
    # Whoever starts the same program a hundred times keeps it compiled, whatever the environment says elsewhere.
    environment = {**os.environ, VARIABLE: f"@{failpoint}", "PYTHONPYCACHEPREFIX": str(root / "compiled")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {HURRY: "yes"} if hurry else {}
    service = ForkedService(root / "data", program=PROGRAM, environment=environment, options=options)
    with run_git_server(root / "git") as git:
        try:
            service.start()
            yield World(service, git, failpoint)
        finally:
            if service.process is not None:
                service.stop()
            end_workers(service.data_dir)
            remove_containers(service.data_dir)
