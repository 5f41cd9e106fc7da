"""The tasks that keep workers: one for each place that is to be filled, one for each worker that is to leave."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import trio

from lci_app.core.outside import Trouble
from lci_app.core.routing import RouteTable
from lci_app.proxy import control
from lci_app.proxy.process import new_socket_file
from lci_app.proxy.worker_process import WorkerLost, WorkerProcess, start_worker

_log = logging.getLogger(__name__)

# Requests in flight when the proxy closes may take no longer than this, since until then visitors are refused, or wait
# for the next lci; then the workers may take this much longer to end.
LONGEST_GRACE: Final = 10.0
END: Final = 3.0
# A visitor's next request may be on its way on a connection that it was told would be kept.
NEXT_REQUEST: Final = 1.0
# A worker that is to leave while others accept may take so long for what is in flight, and its visitors' connections
# so long for their next request.
_LEAVE: Final = 30.0
# A worker that lived shorter than this failed; its successor waits, each time twice as long.
_QUICK_DEATH: Final = 5.0
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 5.0
# So often in a row a place's first worker may fail to start before the program is held to be broken.
_START_ATTEMPTS: Final = 3


class ProxyWorkerBroken(Trouble):
    """The worker program does not start at all."""

    def __init__(self, message: str) -> None:
        super().__init__("PROXY_WORKER_BROKEN", message)


@dataclass(frozen=True, slots=True)
class Start:
    """How a worker is started, where its control socket is made, what it is told first."""

    program: Sequence[str]
    environment: Mapping[str, str] | None
    run_directory: Path
    listening: socket.socket
    hello: control.Configure


class Board:
    """What all these tasks go by; whoever waits is woken at each change.

    `newest` is the table to serve by. `leaves_workers`: those that serve outlive this process.
    """

    def __init__(self) -> None:
        self.newest: RouteTable | None = None
        self.stopping = False
        self.leaves_workers = False
        self._changed = trio.Event()

    @property
    def grace(self) -> float:
        """How long requests in flight may take when the proxy closes, in seconds: as long as a drain, within bounds."""
        routes = () if self.newest is None else self.newest.routes
        longest = max((route.drain_timeout for route in routes if route.upstream is not None), default=0.0)
        return min(longest, LONGEST_GRACE)

    def ring(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def wait(self) -> None:
        await self._changed.wait()


class Place:
    """One of the workers asked for, whichever process fills it now.

    `resting`: between two tries after failures in a row, when nobody waits for it.
    """

    def __init__(self, start: Start, board: Board) -> None:
        self.worker: WorkerProcess | None = None
        self.resting = False
        self._start = start
        self._board = board
        self._scope = trio.CancelScope(shield=True)
        self._left = trio.Event()
        self._has_served = False
        self._failures = 0

    async def keep(self) -> None:
        """Keep the place filled until the board says stop, whatever happens around it.

        Raises ProxyWorkerBroken where not even the first worker starts.
        """
        try:
            with self._scope:
                while not self._board.stopping:
                    await self._fill()
        except Exception:
            self._board.leaves_workers = True
            raise
        finally:
            self._left.set()

    async def stop(self) -> None:
        """Let the worker finish what is in flight; returns when it is reaped."""
        if self.worker is None or not self.worker.fed:
            self.cancel()
        else:
            await _end_gently(self.worker, self._board.grace)
        await self._left.wait()

    def cancel(self) -> None:
        """End the worker at once, or let go of one that is to outlive us."""
        self._scope.cancel()

    async def _fill(self) -> None:
        """Run one worker from start to end, and rest if the last ones failed quickly."""
        begun = trio.current_time()
        await self._run_worker()
        if self._board.stopping:
            return
        quick = trio.current_time() - begun < _QUICK_DEATH
        self._failures = self._failures + 1 if quick else 1
        if not self._has_served and self._failures >= _START_ATTEMPTS:
            raise ProxyWorkerBroken("The proxy's worker process does not start; its own message is above.")
        if self._failures > 1:
            self.resting = True
            self._board.ring()
            await trio.sleep(min(_FIRST_DELAY * 2 ** (self._failures - 2), _LONGEST_DELAY))
            self.resting = False

    async def _run_worker(self) -> None:
        """Run one worker from start to end."""
        start = self._start
        path = new_socket_file(start.run_directory)
        try:
            async with start_worker(start.program, path, start.environment, self._stays) as worker:
                try:
                    await self._serve_with(worker)
                finally:
                    self.worker = None
                    self._has_served = self._has_served or worker.acknowledged >= 0
                    self._board.ring()
            if not self._board.stopping:
                _log.warning("Proxy worker %d ended; another one takes its place.", worker.pid)
        except* (WorkerLost, OSError) as errors:
            _log.warning("A proxy worker could not be started: %s", "; ".join(map(str, errors.exceptions)))

    def _stays(self, worker: WorkerProcess) -> bool:
        return self._board.stopping and self._board.leaves_workers and worker.acknowledged >= 0

    async def _serve_with(self, worker: WorkerProcess) -> None:
        await worker.attach()
        await worker.tell(self._start.hello, self._start.listening.fileno())
        async with trio.open_nursery() as nursery:
            self.worker = worker
            nursery.start_soon(worker.listen)
            nursery.start_soon(_feed, worker, self._board)
            await worker.wait()
            nursery.cancel_scope.cancel()


class Departure:
    """A worker of an earlier main process, until it has left."""

    def __init__(self, worker: WorkerProcess, board: Board) -> None:
        self.worker = worker
        self._board = board
        self._scope = trio.CancelScope(shield=True)
        self._others_serve = trio.Event()

    async def see_off(self) -> None:
        """Keep it up to date, have it leave when others serve, and see that it does; returns when it is gone."""
        worker = self.worker
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(worker.listen)
                    if worker.understands:
                        nursery.start_soon(_feed, worker, self._board)
                    nursery.start_soon(self._send_away)
                    await worker.wait()
                    nursery.cancel_scope.cancel()
            if not self._board.leaves_workers:
                with trio.CancelScope(shield=True):
                    await worker.end()
        finally:
            worker.close()

    def others_serve(self) -> None:
        self._others_serve.set()

    def obeys(self, generation: int) -> bool:
        """Whether no request can reach by it what left that table."""
        return self.worker.acknowledged >= generation if self.worker.understands else self.worker.stopping

    async def stop(self) -> None:
        """Let it finish what is in flight; returns when it has ended."""
        await _end_gently(self.worker, self._board.grace)
        await self.worker.wait_ended()

    def cancel(self) -> None:
        """End it at once, or let go of it if workers are to outlive us."""
        self._scope.cancel()

    async def _send_away(self) -> None:
        await self._others_serve.wait()
        await self.worker.shut_down(control.Shutdown(_LEAVE, keep_idle=self.worker.understands))
        self._board.ring()
        await trio.sleep(_LEAVE + END)
        self.worker.kill()


async def _end_gently(worker: WorkerProcess, grace: float) -> None:
    """Tell it to end; it has ended, or closes what is idle, when this returns."""
    if worker.understands:
        await worker.shut_down(control.Shutdown(grace + NEXT_REQUEST, keep_idle=True))
        with trio.move_on_after(NEXT_REQUEST):
            await worker.wait_ended()
            return
    await worker.shut_down(control.Shutdown(grace))


async def _feed(worker: WorkerProcess, board: Board) -> None:
    """Send each newer table as soon as the one before is acknowledged."""
    try:
        while True:
            table = board.newest
            if table is None or worker.acknowledged >= table.generation:
                await board.wait()
                continue
            worker.fed = True
            async with worker.call(control.Table.of(table)) as answers:
                worker.acknowledged = (await answers.next(control.Acknowledged)).generation
            board.ring()
    except WorkerLost as error:
        # It has ended or was killed; whoever waits for the process goes on.
        _log.warning("%s", error)
