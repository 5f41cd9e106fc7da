"""Has system calls of a running lci kill it, or fail, by strace: for steps that no fail point has a name for."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.world import World

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: `apt-get install strace`"
)
# What lci calls on a push's way: commits, the log, what is made and removed, and what is said to the engine and others.
CALLS = ("fdatasync", "fsync", "pwrite64", "write", "mkdirat", "unlinkat", "sendto", "sendmsg", "connect", "accept4")


@contextmanager
def injected(pid: int, call: str, what: str, *, path: Path | None = None) -> Iterator[None]:
    """Have `what` happen at a call of any thread of the process, and of those it starts, while the block lasts.

    `call` may be several, with commas. `what` is in strace's words, as `error=EIO` or `signal=KILL:when=3`; each thread
    counts its own calls. With `path`, only those that are about that file.
    """
    command = ["strace", "-f", "-p", str(pid), "-e", f"trace={call}", "-e", f"inject={call}:{what}", "-o", "/dev/null"]
    command += [] if path is None else ["-P", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        try:
            told = strace.stderr.readline()
            assert " attached" in told, told
            yield
        finally:
            strace.send_signal(signal.SIGINT)


def push_and_kill(world: World, project: str, call: str, nth: int) -> bool:
    """Push, and kill lci at the `nth` such call of one of its threads; returns whether one came before all was done."""
    process = world.service.process
    assert process is not None
    with injected(process.pid, call, f"signal=KILL:when={nth}"):
        world.push(project)
        return world.dies_before_it_rests()
