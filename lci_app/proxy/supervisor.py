"""Keeps the workers of the data plane: as many as asked for, each serving by the newest route table.

The main process owns the listening socket; every worker gets a copy of it, so that no connection is refused while a
worker is replaced. Each place for a worker has one task, which starts a worker, feeds it tables, and starts another
when it ends. Workers that an earlier main process left are told the same tables until they have left.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import trio

from lci_app.core.outside import DrainReceipt, Trouble
from lci_app.core.routing import RouteTable
from lci_app.core.traffic import Traffic
from lci_app.proxy import control
from lci_app.proxy.access_log import append
from lci_app.proxy.address import Address, AddressInUse, find_address, inherit, listen
from lci_app.proxy.limits import Limits
from lci_app.proxy.place import END, NEXT_REQUEST, Board, Departure, Place, ProxyWorkerBroken, Start
from lci_app.proxy.predecessor import Survivor, find_survivors, take_over
from lci_app.proxy.totals import Totals
from lci_app.proxy.worker_process import WorkerLost, WorkerProcess

__all__ = ["AddressInUse", "ProxyWorkerBroken", "Supervisor", "open_proxy"]

_log = logging.getLogger(__name__)


class Supervisor:
    """The data plane as the rest of lci sees it (`interfaces.Proxy`)."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._board = Board()
        self._places: list[Place] = []
        self._departures: list[Departure] = []
        self._totals = Totals()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._listening.getsockname()[:2]
        return host, port

    @property
    def worker_pids(self) -> list[int]:
        """The processes that accept visitors, in no order."""
        return [worker.pid for worker in self._accepting()]

    @property
    def leaving_pids(self) -> list[int]:
        """The processes of an earlier main process that have not left yet."""
        return [each.worker.pid for each in self._departures]

    async def publish(self, table: RouteTable) -> None:
        """Give the table to every worker; returns when each serves by it or by a newer one.

        A worker that is being replaced is waited for, except one whose predecessors failed in a row; at least one
        worker serves. One of an earlier main process that does not understand a table accepts nothing more then.
        """
        board = self._board
        if board.newest is None or table.generation > board.newest.generation:
            board.newest = table
            board.ring()
        while not self._places_serve_by(table.generation):
            await board.wait()
        for departure in self._departures:
            departure.others_serve()
        while not all(each.obeys(table.generation) for each in self._departures):
            await board.wait()

    async def drain(self, upstream_id: int, timeout: float) -> DrainReceipt | None:
        """Wait until no request is in flight on that version, cutting what is left after `timeout` seconds.

        A worker that ends meanwhile has cut what it had in flight. None where no worker saw the version lose its
        traffic: then nobody knows.
        """
        receipts: list[DrainReceipt] = []

        async def drain(worker: WorkerProcess) -> None:
            receipt = await worker.drain(control.Drain(upstream_id, timeout))
            if receipt is not None:
                receipts.append(receipt)

        async with trio.open_nursery() as nursery:
            for worker in self._told():
                nursery.start_soon(drain, worker)
            for each in self._departures:
                if not each.worker.understands:
                    nursery.start_soon(_wait_left, each.worker, timeout)
        if not receipts:
            return None
        return DrainReceipt(
            in_flight=sum(each.in_flight for each in receipts),
            finished=sum(each.finished for each in receipts),
            cut=sum(each.cut for each in receipts),
        )

    async def traffic(self) -> Traffic:
        """Return what all workers have counted since they started, and those before them of this supervisor."""
        newest = self._board.newest
        projects = [] if newest is None else [route.project for route in newest.routes]
        return self._totals.add_up(await self._counters(), projects)

    async def counters(self) -> list[control.Counters]:
        """Return what each worker has counted since it started."""
        return list((await self._counters()).values())

    async def _counters(self) -> dict[object, control.Counters]:
        counters: dict[object, control.Counters] = {}

        async def count(worker: WorkerProcess) -> None:
            try:
                async with worker.call(control.Count()) as answers:
                    counters[worker] = await answers.next(control.Counters)
            except WorkerLost as error:
                _log.warning("%s", error)

        async with trio.open_nursery() as nursery:
            for worker in self._told():
                nursery.start_soon(count, worker)
        return counters

    def leave_workers(self) -> None:
        """Let the workers that serve outlive this process, for its successor to take over."""
        self._board.leaves_workers = True

    async def keep_worker(self, start: Start) -> None:
        """Keep one worker serving until the supervisor stops, whatever happens around it.

        Raises ProxyWorkerBroken where not even the first one starts.
        """
        place = Place(start, self._board)
        self._places.append(place)
        await place.keep()

    async def see_off(self, worker: WorkerProcess) -> None:
        """Have a worker of an earlier main process leave when those of this one serve; returns when it is gone."""
        departure = Departure(worker, self._board)
        self._departures.append(departure)
        if self._board.stopping:
            departure.cancel()
        try:
            await departure.see_off()
        finally:
            self._departures.remove(departure)
            self._board.ring()

    async def stop(self) -> None:
        """Let the workers finish what is in flight, and end them, unless they are left; returns when all are reaped."""
        self._board.stopping = True
        everybody: list[Place | Departure] = [*self._places, *self._departures]
        if not self._board.leaves_workers:
            with trio.move_on_after(NEXT_REQUEST + self._board.grace + END):
                async with trio.open_nursery() as nursery:
                    for each in everybody:
                        nursery.start_soon(each.stop)
        for each in everybody:
            each.cancel()

    def _accepting(self) -> list[WorkerProcess]:
        return [place.worker for place in self._places if place.worker is not None and place.worker.fed]

    def _told(self) -> list[WorkerProcess]:
        return self._accepting() + [each.worker for each in self._departures if each.worker.understands]

    def _places_serve_by(self, generation: int) -> bool:
        waited_for = [place for place in self._places if not place.resting]
        return bool(waited_for) and all(
            place.worker is not None and place.worker.acknowledged >= generation for place in waited_for
        )


@asynccontextmanager
async def open_proxy(  # noqa: PLR0913 - where the parts of the data plane are put together
    program: Sequence[str],
    run_directory: Path,
    host: str,
    port: int,
    workers: int,
    trusted_proxies: Iterable[str | IPv4Network | IPv6Network] = (),
    *,
    limits: Limits | None = None,
    access_log: tuple[Path, int] | None = None,
    refused: Iterable[IPv4Network] = (),
    environment: Mapping[str, str] | None = None,
    inherited: int | None = None,
) -> AsyncIterator[Supervisor]:
    """Listen at `host`:`port` (0 = any free) and keep `workers` processes `[*program, "proxy-worker", …]` serving.

    They serve from the first `publish` on. The socket is the `inherited` descriptor, else that of workers which an
    earlier process left at that address (any port, for 0); those go on serving until the new ones do. `environment`
    is the workers' (None: this process's). `access_log` is a file, and the percentage of requests that are logged.
    Nobody in the networks `refused` is served.

    On leaving, requests in flight get a few seconds, and every process is ended and reaped; but after an Exception,
    or `leave_workers`, those that serve are left to a successor. Raises AddressInUse, Trouble where the access log
    cannot be written, and ProxyWorkerBroken (in a group) where no worker starts.
    """
    if access_log is not None:
        _check_access_log(access_log[0])
    run_directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - no disk is waited for here
    run_directory.chmod(0o700)  # noqa: ASYNC240
    survivors = await find_survivors(run_directory)
    with await _listen(host, port, inherited, survivors) as listening:
        path, percent = ("", 0) if access_log is None else access_log
        hello = control.Configure(
            trusted_proxies=tuple(str(network) for network in trusted_proxies),
            limits={} if limits is None else limits.to_json(),
            access_log=str(path),
            access_log_percent=percent,
            refused=tuple(str(network) for network in refused),
        )
        start = Start(program, environment, run_directory, listening, hello)
        supervisor = Supervisor(listening)
        async with trio.open_nursery() as nursery:
            for survivor in survivors:
                nursery.start_soon(supervisor.see_off, survivor.worker)
            for _ in range(workers):
                nursery.start_soon(supervisor.keep_worker, start)
            try:
                yield supervisor
            except Exception:
                supervisor.leave_workers()
                raise
            finally:
                with trio.CancelScope(shield=True):
                    await supervisor.stop()


def _check_access_log(path: Path) -> None:
    try:
        append(path, b"")
    except OSError as error:
        raise Trouble("ACCESS_LOG_FAILED", f"the access log {path} cannot be written: {error.strerror}") from error


async def _listen(host: str, port: int, inherited: int | None, survivors: Sequence[Survivor]) -> socket.socket:
    """Return the socket to accept on; survivors that listen elsewhere stop. Raises AddressInUse."""
    try:
        if inherited is None:
            return await take_over(survivors, await find_address(host, port)) or await listen(host, port)
        given = inherit(inherited)
        taken = await take_over(survivors, Address(given.family, given.getsockname()))
        if taken is not None:
            taken.close()
        return given
    except BaseException:
        for survivor in survivors:
            survivor.close()
        raise


async def _wait_left(worker: WorkerProcess, timeout: float) -> None:
    with trio.move_on_after(timeout):
        await worker.wait_ended()
