"""Has system calls of a running lci kill it, or fail, by strace: for steps that no fail point has a name for."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.world import World
from tests.whole.service import WaitLoop

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed: `apt-get install strace`"
)
# What lci calls on a push's way, the rare first: commits, the log, what is made and removed, what is said to others.
CALLS = ("fdatasync", "fsync", "mkdirat", "unlinkat", "sendmsg", "connect", "accept4", "write", "pwrite64", "sendto")
WRITES = ("fdatasync", "fsync", "mkdirat", "write", "pwrite64")


@contextmanager
def injected(pid: int, call: str, what: str, *, path: Path | None = None) -> Iterator[Path]:
    """Have `what` happen at a call of any thread of the process, and of those it starts, while the block lasts.

    Yields the file in which strace says what it did, as long as the block lasts: what it made happen is `(INJECTED)`.

    `call` may be several, with commas. `what` is in strace's words, as `error=EIO` or `signal=KILL:when=3`; each thread
    counts its own calls. With `path`, only those that are about that file.
    """
    with tempfile.NamedTemporaryFile(prefix="lci-strace-") as told:
        command = ["strace", "-f", "-p", str(pid), "-e", f"trace={call}", "-e", f"inject={call}:{what}"]
        command += ["-o", told.name, *([] if path is None else ["-P", str(path)])]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
            assert strace.stderr is not None
            try:
                said = strace.stderr.readline()
                assert " attached" in said, said
                yield Path(told.name)
            finally:
                strace.send_signal(signal.SIGINT)


def push_and_kill(world: World, project: str, call: str, nth: int) -> bool:
    """Push, and kill lci at the `nth` such call of one of its threads; returns whether one came before all was done."""
    process = world.service.process
    assert process is not None
    with injected(process.pid, call, f"signal=KILL:when={nth}"):
        world.push(project)
        return world.dies_before_it_rests()


def push_and_fail(world: World, project: str, call: str, nth: int) -> bool:
    """Push, and have the disk fail at the `nth` such call of each thread; returns whether it did.

    The push is delivered until it is taken, as people do; lci stays up, and the push's build ends as that of a machine
    in trouble, or not at all otherwise than well.
    """
    process = world.service.process
    assert process is not None
    with injected(process.pid, call, f"error=EIO:when={nth}") as told:
        push = world.push(project)
        waiting = WaitLoop("a push to be taken")
        while push.builds is None and not world.deliver(push):
            waiting.again()
        assert not world.dies_before_it_rests()
        failed = "(INJECTED)" in told.read_text()
    for build_id in push.builds or []:
        build = world.service.get(f"/api/builds/{build_id}")
        assert build["status"] == "Success" or build["failure"]["kind"] == "infra", build["failure"]
    return failed
