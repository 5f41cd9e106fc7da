"""A Docker engine of a test's own, beside the machine's: it can be stopped, killed, hung and started again.

Its containers, images, bridge and containerd are its own; it sets no rules in the host's firewall.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.whole.service import IMAGE, WaitLoop

needs_dockerd = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/usr/sbin/dockerd").exists(), reason="only root may run an engine"
)
# Generous: vfs, and a machine that does other things.
_SECONDS = 60.0


@dataclass
class PrivateEngine:
    directory: Path
    number: int
    live_restore: bool
    process: subprocess.Popen[bytes] | None = None
    _containerd: set[int] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"unix://{self.directory}/docker.sock"

    @property
    def bridge(self) -> str:
        return f"lcitest{self.number}"

    @property
    def container_range(self) -> str:
        """A range that no other engine of this machine makes networks in."""
        return f"10.{214 + self.number}.0.0/16"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def cli(self, *arguments: str, stdin: bytes | None = None) -> list[str]:
        """Run `docker` on it; returns the words that it says."""
        command = ["docker", "--host", self.address, *arguments]
        return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout.decode().split()

    def start(self) -> None:
        """Start it, again too; returns when it answers."""
        # Its containerd ends with it. Where nobody reaps that, the next engine would take it for one that runs.
        own = self.directory / "exec" / "containerd" / "containerd.pid"
        waiting = WaitLoop("an earlier containerd to end")
        while any(_is_containerd_of(pid, self.directory) for pid in self._containerd):
            waiting.again()
        own.unlink(missing_ok=True)
        for name in ("docker.pid", "docker.sock"):
            (self.directory / name).unlink(missing_ok=True)
        settings = self.directory / "daemon.json"
        settings.write_text("{}")
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "dockerd", "--data-root", str(self.directory / "data"), "--exec-root", str(self.directory / "exec"),
                    "--host", self.address, "--pidfile", str(self.directory / "docker.pid"), "--storage-driver", "vfs",
                    "--bridge", self.bridge, "--iptables=false", "--ip-forward=false", "--log-level", "error",
                    f"--live-restore={str(self.live_restore).lower()}", "--config-file", str(settings),
                    "--containerd-namespace", self.bridge, "--containerd-plugins-namespace", f"{self.bridge}-plugins",
                    "--shutdown-timeout", "5",
                ],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        waiting = WaitLoop("a private engine to answer")
        while not self.answers():
            assert self.process.poll() is None, (self.directory / "log").read_text()
            waiting.again()
        with suppress(OSError, ValueError):
            self._containerd.add(int(own.read_text()))

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(10)
            try:
                asking.connect(self.address.removeprefix("unix://"))
                asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in asking.recv(64)
            except OSError:
                return False

    def stop(self) -> None:
        """End it as a service manager does; without live-restore it ends its containers first."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(_SECONDS)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(_SECONDS)

    def hang(self) -> None:
        """It goes on taking connections, and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def remove(self) -> None:
        """Remove its containers, end it and what it has started."""
        assert self.process is not None
        if self.process.poll() is None:
            self.go_on()
            if containers := self.cli("ps", "--all", "--quiet"):
                self.cli("rm", "--force", "--volumes", *containers)
            self.cli("network", "prune", "--force")
            self.stop()
        for pid in self._containerd:
            if _is_containerd_of(pid, self.directory):
                os.kill(pid, signal.SIGKILL)


def _is_containerd_of(pid: int, directory: Path) -> bool:
    try:
        return str(directory).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@contextmanager
def run_private_engine(number: int, *, live_restore: bool = False) -> Iterator[PrivateEngine]:
    """Run an engine that holds the tests' image; `number` from 1 tells those apart that run at one time."""
    run = partial(subprocess.run, check=True, capture_output=True)
    with tempfile.TemporaryDirectory(prefix="lci-engine-", ignore_cleanup_errors=True) as made:
        engine = PrivateEngine(Path(made), number, live_restore)
        run(["ip", "link", "add", engine.bridge, "type", "bridge"])
        try:
            run(["ip", "address", "add", f"10.{200 + number}.77.1/24", "dev", engine.bridge])
            run(["ip", "link", "set", engine.bridge, "up"])
            engine.start()
            try:
                image = subprocess.run(["docker", "save", IMAGE], check=True, capture_output=True).stdout
                engine.cli("load", stdin=image)
                yield engine
            finally:
                engine.remove()
        finally:
            run(["ip", "link", "delete", engine.bridge])
            _unmount_below(Path(made))


def _unmount_below(directory: Path) -> None:
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for each in sorted((path for path in mounted if path.startswith(f"{directory}/")), reverse=True):
        subprocess.run(["umount", "--lazy", each], check=False, capture_output=True)


def wait_until(condition: str, holds: object) -> float:
    """Return after how many seconds `holds()` was true."""
    assert callable(holds)
    began = time.monotonic()
    waiting = WaitLoop(condition, pause=0.05)
    while not holds():
        waiting.again()
    return time.monotonic() - began
