"""One child process, as its parent holds it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Self, cast

import trio

from lci_app.adapters.git.address import http_secrets
from lci_app.adapters.git.protocol import LENGTH_BYTES, Refused, Request, body_length, decode, encode
from lci_app.interfaces import Refusal, Trouble

_TAIL: Final = 2000  # bytes of the child's standard error that are kept
_CHUNK: Final = 64 * 1024
_REAP_TIMEOUT: Final = 5.0  # seconds; a killed process that takes longer hangs in the kernel
_TAIL_TIMEOUT: Final = 1.0  # seconds, for what a dead child has said and nobody has read yet
_DIED: Final = "GIT_FAILED"

Tell = Callable[[str], Awaitable[None]]


class _Ended(Exception):
    """The child has ended, or what it says is no message: of no further use either way."""


class Worker:
    """A child that serves one request at a time. Whoever starts it ends it with `kill`."""

    def __init__(self, process: trio.Process) -> None:
        """Take a process all of whose standard streams are pipes."""
        self._process = process
        self._stdin = cast("trio.abc.SendStream", process.stdin)
        self._stdout = cast("trio.abc.ReceiveStream", process.stdout)
        self._received = bytearray()
        self._tail = b""
        self._tail_complete = trio.Event()
        self._reusable = True

    @classmethod
    async def start(cls, command: Sequence[str], nursery: trio.Nursery) -> Self:
        """Start a child in a process group of its own; its standard error is read in `nursery` until it ends."""
        try:
            process = await trio.lowlevel.open_process(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise Trouble(_DIED, f"the git process could not be started: {error.strerror}") from error
        worker = cls(process)
        nursery.start_soon(worker._keep_tail)
        return worker

    @property
    def usable(self) -> bool:
        """Whether it lives and may be given another request."""
        return self._reusable and self._process.poll() is None

    async def run(self, request: Request, progress: Tell) -> dict[str, Any]:
        """Have one request done; returns the commit's `hash`, `message` and `author`, or the survey.

        Raises Refusal or Trouble, both without the request's secrets. When it is cancelled, or the child ends in the
        middle, the worker is of no further use.
        """
        self._reusable = False
        clean = _scrubber(request)
        try:
            await self._send(request)
            while "progress" in (answer := await self._receive()):
                await progress(clean(answer["progress"]))
        except _Ended as error:
            await self.kill()
            raise Trouble(_DIED, clean(await self._obituary())) from error
        self._reusable = not answer.get("leaving", False)
        return _judged(answer, clean)

    async def kill(self) -> None:
        """End the child and all that it started; returns when it is reaped. Cannot be cancelled."""
        with trio.move_on_after(_REAP_TIMEOUT, shield=True):
            if self._process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        for pipe in (self._stdin, self._stdout):
            await trio.aclose_forcefully(pipe)

    async def _send(self, request: Request) -> None:
        try:
            await self._stdin.send_all(encode(request.to_json()))
        except trio.BrokenResourceError as error:
            raise _Ended from error

    async def _receive(self) -> dict[str, Any]:
        try:
            return decode(await self._exactly(body_length(await self._exactly(LENGTH_BYTES))))
        except (trio.BrokenResourceError, ValueError) as error:
            raise _Ended from error

    async def _exactly(self, count: int) -> bytes:
        while len(self._received) < count:
            data = await self._stdout.receive_some(_CHUNK)
            if not data:
                raise _Ended
            self._received += data
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    async def _keep_tail(self) -> None:
        async with cast("trio.abc.ReceiveStream", self._process.stderr) as stderr:
            async for data in stderr:
                self._tail = (self._tail + data)[-_TAIL:]
        self._tail_complete.set()

    async def _obituary(self) -> str:
        with trio.move_on_after(_TAIL_TIMEOUT):
            await self._tail_complete.wait()
        status = self._process.returncode
        how = f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"
        last = self._tail.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return f"the git process ended in the middle of the checkout ({how}){': ' if last else ''}{last}"


def _judged(answer: dict[str, Any], clean: Callable[[str], str]) -> dict[str, Any]:
    if "done" in answer:
        done: dict[str, Any] = answer["done"]
        return done
    error = answer["error"]
    kind = Refusal if error["kind"] == Refused.kind else Trouble
    raise kind(error["code"], clean(error["message"]))


def _scrubber(request: Request) -> Callable[[str], str]:
    """Return a function that strikes the request's secrets out of a text, plain and as they go over HTTP."""
    secrets = http_secrets(request.url, request.token)

    def clean(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "***")
        return text

    return clean
