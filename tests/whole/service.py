"""The whole program as its users meet it: a process, its HTTP and WebSocket interfaces, its Docker objects.

Nothing here knows the inside of lci: HTTP, the command line and Docker are all it uses.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, Protocol

import docker
import requests

from lci_app.adapters.firewall import HostFirewall

IMAGE = "lci-test/busybox:1"
SOURCE_PROGRAM = (sys.executable, "-m", "lci_app")
_READY = re.compile(r"lci ready api=(?P<api>\S+) proxy=(?P<proxy>\S+)")
# Generous: they end a test that hangs, and decide nothing else.
START_SECONDS = 60.0
WAIT_SECONDS = 90.0
ENDED = {"Success", "Failed", "Cancelled"}
_services = count()
# Ranges of 400 ports from 10,000 on, and how many of them one process of a test run takes.
_RANGES, _RANGES_OF_ONE = 48, 12
_ranges: list[int] = []


class Refused(AssertionError):
    """The API refused; `status` and `error` are what it said."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error


def _free_port_base() -> int:
    """Return a range of ports that no other test run on this machine has; who starts many takes its own in turn."""
    number = next(_services)
    if number < _RANGES_OF_ONE and (taken := _take_range()) is not None:
        _ranges.append(taken)
    assert _ranges, "other test runs on this machine have every range of ports"
    return 10_000 + 400 * _ranges[number % len(_ranges)]


def _take_range() -> int | None:
    """Return the number of a range that nobody else takes for as long as this process lives."""
    for number in range(_RANGES):
        lock = os.open(Path(tempfile.gettempdir(), f"lci-test-ports-{number}"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return number
    return None


class Process(Protocol):
    """What is used of subprocess.Popen."""

    stdout: IO[str] | None
    stderr: IO[str] | None

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...


@dataclass
class Service:
    """One data directory and, while `start`ed, the process that serves it."""

    data_dir: Path
    program: Sequence[str] = SOURCE_PROGRAM
    environment: Mapping[str, str] | None = None
    options: Sequence[str] = ()
    # What starts the program, and the descriptors that it passes on.
    starter: Sequence[str] = ()
    descriptors: Sequence[int] = ()
    port_base: int = field(default_factory=_free_port_base)
    process: Process | None = None
    url: str = ""
    proxy_url: str = ""
    token: str = ""
    stderr: list[str] = field(default_factory=list)
    _readers: list[threading.Thread] = field(default_factory=list)

    def start(self, *extra: str) -> None:
        """Start it and return when it has said that it is ready."""
        self.process = self._spawn(["serve", *self._places(), *self.options, *extra])
        lines: Queue[str] = Queue()
        self._readers = [
            threading.Thread(target=_drain, args=(pipe, keep), daemon=True)
            for pipe, keep in ((self.process.stdout, lines.put), (self.process.stderr, self.stderr.append))
        ]
        for reader in self._readers:
            reader.start()
        try:
            ready = _READY.match(self._first_line(lines))
        except Empty:
            raise AssertionError("lci did not become ready:\n" + "".join(self.stderr)) from None
        assert ready is not None, "".join(self.stderr)
        self.url, self.proxy_url = ready["api"], ready["proxy"]
        if not self.token:
            self.token = self.cli("token", "create", "--name", "tests", "--scope", "admin").stdout.strip()

    def _spawn(self, arguments: Sequence[str]) -> Process:
        return subprocess.Popen(
            [*self.starter, *self.program, *arguments],
            pass_fds=self.descriptors,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=None if self.environment is None else dict(self.environment),
        )

    def _first_line(self, lines: Queue[str]) -> str:
        """Return the first line; raises Empty where none comes in time, or the program has ended without one."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process is not None
            ended = self.process.poll() is not None or time.monotonic() > deadline
            if ended:
                for reader in self._readers:
                    reader.join(1)
            try:
                return lines.get(timeout=0.01 if ended else 0.5)
            except Empty:
                if ended:
                    raise

    def _places(self) -> list[str]:
        return [
            "--data-dir", str(self.data_dir), "--api-port", "0", "--proxy-port", "0",
            "--proxy-workers", "2", "--port-base", str(self.port_base),
        ]  # fmt: skip

    def stop(self) -> int:
        """End it as a service manager does; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def hang_up(self) -> int:
        """End it so that it leaves its proxy serving; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)
        return self._reap()

    def kill(self) -> None:
        """End it as the worst day does; its proxy goes on serving."""
        assert self.process is not None
        self.process.kill()
        self._reap()

    def _reap(self) -> int:
        assert self.process is not None
        status = self.process.wait(START_SECONDS)
        for reader in self._readers:
            reader.join(START_SECONDS)
        self.process = None
        return status

    def cli(self, *arguments: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run another command of the program; `stdin` is what it can read."""
        environment = dict(os.environ if self.environment is None else self.environment)
        environment |= {"LCI_DATA_DIR": str(self.data_dir), "LCI_URL": self.url, "LCI_TOKEN": self.token}
        done = subprocess.run(
            [*self.program, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    # --- the API

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **arguments.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=WAIT_SECONDS, **arguments)

    def call(self, method: str, path: str, body: Any = None, **arguments: Any) -> Any:
        """Return the `data` of a successful answer; Refused otherwise."""
        response = self.request(method, path, json=body, **arguments)
        document = response.json()
        if not document["success"]:
            raise Refused(response.status_code, document["error"])
        return document["data"]

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self.call("POST", path, body or {})

    def register(self, name: str, repo: str, **fields: Any) -> Any:
        """Register a project that serves its output's files with busybox's web server."""
        return self.post("/api/projects", {**web_project(name, repo), **fields})

    def push(self, payload: Mapping[str, Any], *, delivery: str | None = None, secret: str | None = None) -> Any:
        """Deliver a signed push; returns the response."""
        body = json.dumps(payload).encode()
        secret = secret or self.get("/api/settings/webhook-secret")["secret"]
        return self.deliver(body, sign(secret, body), delivery=delivery)

    def deliver(
        self, body: bytes, signature: str | None, *, delivery: str | None = None, event: str = "push", query: str = ""
    ) -> requests.Response:
        headers = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
            "Content-Type": "application/json",
            **({"X-Hub-Signature-256": signature} if signature else {}),
        }
        return requests.post(f"{self.url}/webhook/github{query}", data=body, headers=headers, timeout=WAIT_SECONDS)

    def wait_build(self, build_id: int, *statuses: str) -> Any:
        """Return the build when it has one of these statuses (by default: when it has ended)."""
        wanted = set(statuses) or ENDED
        waiting = WaitLoop(f"build {build_id} to be {' or '.join(sorted(wanted))}")
        while True:
            build = self.get(f"/api/builds/{build_id}")
            if build["status"] in wanted:
                return build
            assert build["status"] not in ENDED, f"ended as {build['status']}:\n{self.log_text(build_id)}"
            waiting.again()

    def build_now(self, project: str, **fields: Any) -> Any:
        """Trigger a build, and return it when it has ended."""
        return self.wait_build(self.post(f"/api/projects/{project}/builds", fields)["build_id"])

    def succeed(self, project: str, **fields: Any) -> Any:
        build = self.build_now(project, **fields)
        assert build["status"] == "Success", f"{build.get('failure')}\n{self.log_text(build['id'])}"
        return build

    def log_lines(self, build_id: int) -> list[str]:
        return [line["text"] for line in self.get(f"/api/builds/{build_id}/logs?limit=5000")["lines"]]

    def log_text(self, build_id: int) -> str:
        return "\n".join(self.log_lines(build_id))

    def visit(self, path: str, **arguments: Any) -> requests.Response:
        """Ask the proxy."""
        return requests.get(self.proxy_url + path, timeout=WAIT_SECONDS, **arguments)

    def visit_post(self, path: str, body: str) -> requests.Response:
        return requests.post(self.proxy_url + path, data=body, timeout=WAIT_SECONDS)


class WaitLoop:
    """Bounds a wait for something that only repeated asking can tell."""

    def __init__(self, what: str, *, pause: float = 0.05) -> None:
        self._what = what
        self._pause = pause
        self._left = WAIT_SECONDS
        self._tick = threading.Event()

    def again(self) -> None:
        self._left -= self._pause
        assert self._left > 0, f"waited in vain for {self._what}"
        self._tick.wait(self._pause)


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def web_project(name: str, repo: str) -> dict[str, Any]:
    return {
        "name": name,
        "repo": repo,
        "build_image": IMAGE,
        "build_command": "cp -r . /output/",
        "runtime_image": IMAGE,
        "runtime_command": "exec httpd -f -p $PORT -h /app",
        "health_check_url": "/index.html",
        "health_check_interval": 0.2,
        "drain_timeout": 5,
    }


def push_payload(url: str, commit: str, /, **fields: Any) -> dict[str, Any]:
    """A push to the branch main of the repository at `url`, as GitHub tells of it."""
    return {
        "ref": "refs/heads/main",
        "before": "1" * 40,
        "after": commit,
        "repository": {"full_name": "acme/shop", "clone_url": url},
        "head_commit": {"id": commit, "message": "Add a shelf", "author": {"name": "Ana"}},
        "commits": [
            {"id": commit, "message": "Add a shelf", "added": ["index.html"], "modified": [], "removed": []},
        ],
        **fields,
    }


def children_of(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            child = int(status.parent.name)
            found += [child, *children_of(child)]
    return found


def _drain(pipe: Any, keep: Any) -> None:
    with pipe:
        for line in pipe:
            keep(line)


@contextmanager
def run_service(data_dir: Path, **fields: Any) -> Iterator[Service]:
    """Serve a new data directory until the block is left; then nothing of it is left on the engine."""
    service = Service(data_dir, **fields)
    try:
        service.start()
        yield service
    finally:
        if service.process is not None:
            service.stop()
        end_workers(data_dir)
        remove_containers(data_dir)


def address_of(service: Service) -> tuple[str, int]:
    """Return host and port of the proxy."""
    host, _, port = service.proxy_url.removeprefix("http://").rpartition(":")
    return host, int(port)


def workers_of(data_dir: Path) -> list[int]:
    """Return the processes of the proxy's workers of that data directory, whoever is their parent."""
    wanted = f"--control\0{data_dir}/".encode()
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in command.read_bytes():
                found.append(int(command.parent.name))
        except OSError:
            continue
    return found


def end_workers(data_dir: Path) -> None:
    """End what a killed service left serving."""
    for pid in workers_of(data_dir):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def instance_containers(data_dir: Path, **labels: str) -> list[Any]:
    """Return the containers that bear this data directory's instance, by what is mounted from it."""
    found = engine().containers.list(all=True, filters={"label": "lci.instance"}, ignore_removed=True)
    mine = [each for each in found if any(m.get("Source", "").startswith(f"{data_dir}/") for m in each.attrs["Mounts"])]
    return [each for each in mine if all(each.labels.get(f"lci.{k}") == v for k, v in labels.items())]


@cache
def engine() -> Any:
    """Return the tests' own client of the engine, one for all: what it returns goes on using its connections."""
    return docker.from_env()


def remove_containers(data_dir: Path) -> None:
    """Remove what this data directory's lci has left on the engine and in the host's firewall."""
    for container in instance_containers(data_dir):
        container.remove(force=True, v=True)
    instance = instance_of(data_dir)
    if instance is None:
        return
    for network in engine().networks.list(filters={"label": f"lci.instance={instance}"}):
        network.remove()
    # In this thread: there is no event loop here, or somebody else's.
    HostFirewall(instance, ())._clear()


def instance_of(data_dir: Path) -> str | None:
    """Return the id of the data directory; None where no lci has served it yet."""
    database = data_dir / "db" / "lci.db"
    if not database.exists():
        return None
    with closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT value FROM settings WHERE name = 'instance'").fetchone()
    return None if row is None else str(row[0])
