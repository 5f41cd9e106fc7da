"""lci in processes that are forked from one that has imported everything: each starts in a fraction of the time.

Whoever kills lci hundreds of times waits for its imports otherwise. Nothing of lci runs before the fork.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.reduction import DupFd
from types import ModuleType
from typing import IO, Any

from tests.faults import program
from tests.whole.service import Process, Service

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.faults.forked"])


class ForkedService(Service):
    """A service whose process is `tests.faults.program`, forked."""

    def _spawn(self, arguments: Sequence[str]) -> Process:
        assert not self.starter
        assert not self.descriptors
        return ForkedProcess(arguments, self.environment or os.environ)


class ForkedProcess:
    """Fulfils `Process`. Both streams are pipes."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        readable, writable = zip(os.pipe(), os.pipe(), strict=True)
        self.stdout: IO[str] | None
        self.stderr: IO[str] | None
        self.stdout, self.stderr = (os.fdopen(each, encoding="utf-8") for each in readable)
        # Spawning pickles them, and so passes the descriptors on.
        self._process = _FORKS.Process(target=_run, args=(list(arguments), dict(environment), _Streams(writable)))
        with _without_main():
            self._process.start()
        for each in writable:
            os.close(each)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired("lci", timeout or 0)
        return status

    def send_signal(self, sig: int) -> None:
        os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@contextmanager
def _without_main() -> Iterator[None]:
    """Have the fork not import what this process was started with: nothing of it is needed there."""
    main, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class _Streams:
    """Two descriptors, on their way to a process that is being made."""

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._descriptors: Sequence[Any] = descriptors

    def __getstate__(self) -> list[Any]:
        return [DupFd(each) for each in self._descriptors]

    def __setstate__(self, state: list[Any]) -> None:
        self._descriptors = [each.detach() for each in state]

    def become(self) -> None:
        for number, descriptor in enumerate(self._descriptors, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)


def _run(arguments: Sequence[str], environment: Mapping[str, str], streams: _Streams) -> None:
    streams.become()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    sys.exit(program.main())
