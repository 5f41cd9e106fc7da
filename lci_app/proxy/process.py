"""A worker's process, whoever started it: watched and signalled by pidfd, never by a number alone.

The frozen program is two processes: the one that was started unpacks the program, runs it as a child, and clears up
behind it. The child is the one to signal, the parent the one to wait for.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import trio

from lci_app.proxy import control

# Of the program; hidden from people.
SUB_COMMAND: Final = "proxy-worker"
# Bytes; longer lines of what a worker says are cut into several.
_LINE: Final = 8192

# struct ucred: process, user, group.
_CREDENTIALS: Final = struct.Struct("3i")

_log = logging.getLogger(__name__)


def is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


class Process:
    """`pid` is the process that serves, as far as it is known. `started`: a child of this process.

    The pidfds given to it are closed with it; it signals nothing then.
    """

    def __init__(self, pid: int, pidfd: int, started: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.started = started
        self._serving = pidfd
        self._last = pidfd

    def serves_as(self, pid: int, pidfd: int) -> None:
        """That process is the one that serves."""
        self.pid, self._serving = pid, pidfd

    def ends_with(self, pidfd: int) -> None:
        """When that process has ended, nothing is left."""
        self._last = pidfd

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._serving < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._serving, number)

    async def wait(self) -> None:
        """Return when nothing is left of it; a child is reaped then. One task at a time."""
        await trio.lowlevel.wait_readable(self._last)
        if self.started is not None:
            self.started.wait()

    def close(self) -> None:
        if self.started is not None and self.started.stdout is not None:
            self.started.stdout.close()
        pidfds, self._serving, self._last = {self._serving, self._last}, -1, -1
        for pidfd in pidfds - {-1}:
            os.close(pidfd)


def open_peer(channel: control.Channel) -> tuple[int, int] | None:
    """Return the process that listened on the other end, and a pidfd for the caller to close; None: it is gone."""
    pid, _, _ = _CREDENTIALS.unpack(channel.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        pidfd = os.pidfd_open(pid)
    except (OSError, ValueError):
        return None
    # As long as this end hears of no end, that process lives: then its number was not another's a moment ago.
    poll = select.poll()
    poll.register(channel.socket.fileno(), select.POLLRDHUP)
    if poll.poll(0):
        os.close(pidfd)
        return None
    return pid, pidfd


def socket_files(run_directory: Path) -> list[Path]:
    """Return the control sockets of all workers there, living or not."""
    return sorted(run_directory.glob("worker-*.sock"))


def new_socket_file(run_directory: Path) -> Path:
    """Return a name that no worker had, also none of an earlier control plane."""
    return run_directory / f"worker-{os.urandom(8).hex()}.sock"


def start_process(program: Sequence[str], path: Path, environment: Mapping[str, str] | None) -> Process:
    """Start a worker that makes its control socket at `path`. Raises OSError.

    It leads a session of its own: what a terminal or a supervisor of this process' group signals is not for it.
    """
    started = subprocess.Popen(
        [*program, SUB_COMMAND, "--control", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # A pipe of ours: what we write to is not kept open by a worker that outlives us.
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    return Process(started.pid, os.pidfd_open(started.pid), started)


async def relay_words(process: Process) -> None:
    """Log each line that a started worker says on its standard error, until it ends."""
    assert process.started is not None and process.started.stderr is not None  # noqa: S101, PT018 - it is a pipe
    with process.started.stderr as pipe:
        words = trio.lowlevel.FdStream(os.dup(pipe.fileno()))
    rest = b""
    async with words:
        while data := await words.receive_some(_LINE):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) >= _LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                _log.warning("proxy worker %d: %s", process.pid, line.decode(errors="replace"))
    if rest:
        _log.warning("proxy worker %d: %s", process.pid, rest.decode(errors="replace"))
