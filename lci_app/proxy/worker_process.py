"""One worker as its supervisor sees it: a process, and the control channel to it."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import trio

from lci_app.core.outside import DrainReceipt
from lci_app.proxy import control
from lci_app.proxy.process import Process, is_frozen, open_peer, relay_words, start_process
from lci_app.proxy.worker import READY

_log = logging.getLogger(__name__)

# A worker that says nothing for so long is broken, and is replaced.
ANSWER_LIMIT: Final = 5.0
# The frozen program unpacks itself first.
_START_LIMIT: Final = 30.0

# A worker whose channel is lost may take so long to finish what is in flight and to end.
END_LIMIT: Final = 8.0
# What a worker that has ended said last may take so long to be read.
_LAST_WORDS: Final = 1.0

_Answer = TypeVar(
    "_Answer", control.Acknowledged, control.Draining, control.Drained, control.Counters, control.Stopping
)


class WorkerLost(Exception):
    """The worker ended, or was ended because it did not answer."""


class WorkerProcess:
    """A running worker. `acknowledged` is the generation it serves by (-1: none); `fed`: it was sent a table.

    `understands`: it speaks this program's version, and not only of taking over. `stopping`: it accepts no more.
    """

    def __init__(self, process: Process, path: Path, channel: control.Channel | None = None) -> None:
        self.acknowledged = -1
        self.fed = False
        self.understands = True
        self.stopping = False
        self._process = process
        self._path = path
        self._channel = channel
        self._calls: dict[int, trio.MemorySendChannel[control.Message]] = {}
        self._last_call = 0
        self._ended = trio.Event()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def attach(self) -> None:
        """Connect to the worker as soon as it listens. Raises WorkerLost."""
        started = self._process.started
        assert started is not None and started.stdout is not None  # noqa: S101, PT018 - it is started with a pipe
        with trio.move_on_after(_START_LIMIT), contextlib.suppress(OSError):
            await trio.lowlevel.wait_readable(started.stdout)
            if os.read(started.stdout.fileno(), len(READY)) == READY:
                self._channel = await control.connect(self._path)
                if (peer := open_peer(self._channel)) is not None:
                    self._process.serves_as(*peer)
                return
        self.kill()
        raise WorkerLost("A proxy worker did not start.")

    async def listen(self) -> None:
        """Hand what the worker says to whoever called; return when the channel is lost, and every call with it."""
        try:
            while self._channel is not None:
                call, message = await self._channel.receive()
                waiting = self._calls.get(call)
                if waiting is not None:
                    waiting.send_nowait(message)
        except control.ControlLost:
            # It is ending, or has to, since nobody can tell it anything; it may finish what is in flight.
            self._hang_up()
            self._process.terminate()
            with trio.move_on_after(END_LIMIT):
                await self._ended.wait()
            self.kill()
        finally:
            self._hang_up()

    async def tell(self, message: control.Message, descriptor: int | None = None) -> None:
        """Send what is not answered. Raises WorkerLost."""
        if self._channel is None:
            raise WorkerLost("A proxy worker is not attached.")
        try:
            with trio.fail_after(ANSWER_LIMIT):
                await self._channel.send(0, message, descriptor)
        except (control.ControlLost, trio.TooSlowError) as error:
            self.kill()
            raise WorkerLost("A proxy worker does not answer.") from error

    @asynccontextmanager
    async def call(self, message: control.Message) -> AsyncIterator[Answers]:
        """Send a call; its answers come out of what this gives. Raises WorkerLost."""
        if self._channel is None:
            raise WorkerLost("A proxy worker is not attached.")
        self._last_call += 1
        number = self._last_call
        # No call has more answers than that.
        send, receive = trio.open_memory_channel[control.Message](2)
        self._calls[number] = send
        try:
            with trio.fail_after(ANSWER_LIMIT):
                await self._channel.send(number, message)
            yield Answers(receive)
        except (control.ControlLost, trio.TooSlowError) as error:
            self.kill()
            raise WorkerLost("A proxy worker does not answer.") from error
        finally:
            self._calls.pop(number, None)

    async def drain(self, order: control.Drain) -> DrainReceipt | None:
        """Do what `Supervisor.drain` promises, for this worker's part."""
        begun = control.Draining(0, known=False)
        finished, cut = 0, 0
        try:
            async with self.call(order) as answers:
                begun = await answers.next(control.Draining)
                finished, cut = begun.finished, begun.in_flight - begun.finished
                end = await answers.next(control.Drained, within=order.timeout + ANSWER_LIMIT)
                finished, cut = end.finished, end.cut
        except WorkerLost as error:
            _log.warning("%s", error)
        return DrainReceipt(begun.in_flight, finished, cut) if begun.known else None

    async def shut_down(self, order: control.Shutdown) -> None:
        """Tell it to end; returns when it accepts no more."""
        try:
            async with self.call(order) as answers:
                await answers.next(control.Stopping)
        except WorkerLost as error:
            _log.info("%s", error)
        self.stopping = True

    async def wait(self) -> None:
        """Return when the process has ended; a child is reaped then. One task at a time."""
        await self._process.wait()
        self._ended.set()

    async def wait_ended(self) -> None:
        """Return when `wait` has."""
        await self._ended.wait()

    def kill(self) -> None:
        """End it at once; harmless where it has ended."""
        self._process.kill()

    async def end(self) -> None:
        """Kill it, and return when it is gone, and its control socket's file."""
        if is_frozen() and self._channel is None and not self._ended.is_set():
            # What unpacks the program would leave it unpacked if it were killed.
            with contextlib.suppress(WorkerLost):
                await self.attach()
        self.kill()
        await self.wait()
        self._path.unlink(missing_ok=True)

    def _hang_up(self) -> None:
        """Tell everybody who waits for an answer that none will come."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        while self._calls:
            self._calls.popitem()[1].close()

    def close(self) -> None:
        """Let go of it; if it has not ended, it goes on by itself, for some time."""
        self._hang_up()
        self._process.close()


class Answers:
    """The answers to one call, in their order."""

    def __init__(self, receive: trio.MemoryReceiveChannel[control.Message]) -> None:
        self._receive = receive

    async def next(self, kind: type[_Answer], *, within: float = ANSWER_LIMIT) -> _Answer:
        """Return the next answer. Raises WorkerLost where the worker ends first, or takes longer and is killed."""
        with trio.fail_after(within):
            try:
                answer = await self._receive.receive()
            except trio.EndOfChannel as error:
                raise WorkerLost("A proxy worker ended.") from error
        if not isinstance(answer, kind):
            raise control.ControlLost(f"The worker answered {answer.type}, not {kind.type}.")
        return answer


@asynccontextmanager
async def start_worker(
    program: Sequence[str], path: Path, environment: Mapping[str, str] | None, stays: Callable[[WorkerProcess], bool]
) -> AsyncIterator[WorkerProcess]:
    """Start a worker that makes its control socket at `path`; on leaving it is ended and reaped, unless it `stays`.

    Raises OSError where the program cannot be started.
    """
    process = start_process(program, path, environment)
    worker = WorkerProcess(process, path)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(relay_words, process)
            try:
                yield worker
            finally:
                nursery.cancel_scope.deadline = trio.current_time() + _LAST_WORDS
                if stays(worker):
                    nursery.cancel_scope.cancel()
                else:
                    with trio.CancelScope(shield=True):
                        await worker.end()
    finally:
        worker.close()
