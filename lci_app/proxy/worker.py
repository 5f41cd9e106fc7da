"""A worker process: takes its orders over the control channel, and visitors from the socket that came with them."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import trio

from lci_app.core.routing import RouteTable
from lci_app.proxy import control
from lci_app.proxy.limits import Limits
from lci_app.proxy.process import is_frozen
from lci_app.proxy.reactor import Reactor
from lci_app.proxy.server import Server
from lci_app.proxy.traffic import Traffic

_log = logging.getLogger(__name__)

# What a started worker says on its standard output, once, when its control socket listens.
READY: Final = b"ready\n"

# A worker that nobody has attached to yet waits so long. (One that serves waits `Limits.orphaned` for a successor.)
_UNATTACHED: Final = 30.0
# On SIGTERM, and when no successor has come, requests in flight may take so long, and a visitor's next one on a kept
# connection may be on its way for so long.
_GRACE: Final = 5.0
_NEXT_REQUEST: Final = 1.0
# Descriptors that are for neither visitors nor their requests: the pipes of large bodies, connections that are kept.
_SPARE: Final = 200
# After a drain's time-out, what was cut off is given so long to end.
_CUT: Final = 2.0


def main(arguments: Sequence[str]) -> int:
    """Run a worker; `arguments` are those after the sub-command. Returns the exit status."""
    if len(arguments) != 2 or arguments[0] != "--control":
        sys.stderr.write("usage: lci proxy-worker --control PATH\n")
        return 2
    # The terminal's ctrl-C, and its end, are for the supervisor, who then tells us or leaves us serving.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if stat.S_ISFIFO(os.fstat(sys.stderr.fileno()).st_mode):
        # Words that nobody takes are lost; visitors do not wait for that.
        os.set_blocking(sys.stderr.fileno(), False)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    reactor = Reactor()
    reactor.run(partial(_run, reactor, Path(arguments[1])))
    return 0


async def _run(reactor: Reactor, path: Path) -> None:
    listener = control.listen(path)
    os.write(sys.stdout.fileno(), READY)
    # Nobody reads on.
    os.dup2(sys.stdin.fileno(), sys.stdout.fileno())
    gc.collect()
    gc.freeze()
    # What serves a request is freed by its reference counts; a search for cycles finds little.
    gc.set_threshold(20_000)
    worker = Worker(reactor)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(worker.stop_on_sigterm)
            nursery.start_soon(worker.stop_in_time)
            nursery.start_soon(worker.attend, listener)
            await worker.serve()
            nursery.cancel_scope.cancel()
    finally:
        listener.close()
        path.unlink(missing_ok=True)  # noqa: ASYNC240 - the last thing this process does


class Worker:
    """One worker's life: configured once, serving from its first table on, stopped once."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor
        self._traffic = Traffic()
        self._server: Server | None = None
        self._has_table = False
        # It serves, or never will.
        self._begin = trio.Event()
        self._stop = trio.Event()
        self._cut = trio.Event()
        self._orphaned = Limits().orphaned
        # Its deadline is when what is still in flight is cut off.
        self._time_left = trio.CancelScope()

    async def serve(self) -> None:
        """Serve from the first table on; return when told to stop and done."""
        await self._begin.wait()
        if self._server is not None and self._has_table:
            await self._server.run(self._stop, self._cut)

    async def stop_on_sigterm(self) -> None:
        # What the receiver leaves behind: one that comes while this process clears up must not stop it in that.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                await self._stop_gently()

    async def stop_in_time(self) -> None:
        """Cut off what is in flight when the time is over."""
        with self._time_left:
            await trio.sleep_forever()
        self._stop_within(0.0)
        self._cut.set()

    async def attend(self, listener: trio.socket.SocketType) -> None:
        """Obey one supervisor after the other; stop when there is none for too long."""
        patience = _UNATTACHED
        while True:
            with trio.move_on_after(patience) as waiting:
                sock, _ = await listener.accept()
                channel = control.Channel(sock)
            if waiting.cancelled_caught:
                await self._stop_gently()
                return
            try:
                await self._obey(channel)
            finally:
                channel.close()
            patience = self._orphaned if self._has_table else 0.0

    async def _stop_gently(self) -> None:
        """Accept nothing more, and stop when visitors had time for a request that was on its way."""
        self._leave_within(_GRACE)
        if self._server is not None and self._has_table:
            self._server.leave()
            await trio.sleep(_NEXT_REQUEST)
        self._stop_within(_GRACE)

    def _stop_within(self, grace: float) -> None:
        self._leave_within(grace)
        self._stop.set()
        self._begin.set()

    def _leave_within(self, grace: float) -> None:
        self._time_left.deadline = min(self._time_left.deadline, trio.current_time() + grace)

    async def _obey(self, channel: control.Channel) -> None:
        """Obey until the channel is lost."""
        async with trio.open_nursery() as nursery:
            try:
                while True:
                    await self._handle(channel, nursery, *await channel.receive())
            except control.ControlLost as error:
                _log.info("%s", error)
            nursery.cancel_scope.cancel()

    async def _handle(
        self, channel: control.Channel, nursery: trio.Nursery, call: int, message: control.Message
    ) -> None:
        match message:
            case control.Configure():
                self._configure(message, channel.take_descriptor())
            case control.Table(table):
                self._set_table(RouteTable.from_json(table))
                await channel.send(call, control.Acknowledged(self._traffic.table.generation))
            case control.Drain(upstream_id):
                await channel.send(call, self._traffic.draining(upstream_id))
                nursery.start_soon(self._drain, channel, call, message)
            case control.Count():
                await channel.send(call, self._traffic.counters())
            case control.Shutdown():
                self._shut_down(message)
                await channel.send(call, control.Stopping())
            case control.Hello():
                await _greet(channel, call)
            case control.HandOver():
                listening = None if self._server is None else self._server.listening
                await channel.send(call, control.HandedOver(), None if listening is None else listening.fileno())
            case _:
                raise control.ControlLost(f"The supervisor sent what only a worker says: {message.type}.")

    def _configure(self, message: control.Configure, descriptor: int | None) -> None:
        if descriptor is None:
            raise control.ControlLost("The supervisor sent no listening socket.")
        listening = socket.socket(fileno=descriptor)
        if self._server is not None:
            listening.close()
            return
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        limits = limits_within(descriptors, Limits(**message.limits))  # type: ignore[arg-type]  # JSON: one kind of number
        self._orphaned = limits.orphaned
        self._server = Server(self._reactor, listening, self._traffic, limits, message)

    def _set_table(self, table: RouteTable) -> None:
        if self._server is None:
            raise control.ControlLost("The supervisor sent a table before the listening socket.")
        self._server.set_table(table)
        self._has_table = True
        self._begin.set()

    def _shut_down(self, order: control.Shutdown) -> None:
        """Accept nothing more, and stop as ordered."""
        if self._server is None or not self._has_table:
            self._stop_within(0.0)
            return
        if order.keep_idle:
            self._leave_within(order.grace)
        else:
            self._stop_within(order.grace)
        self._server.leave()

    async def _drain(self, channel: control.Channel, call: int, order: control.Drain) -> None:
        with trio.move_on_after(order.timeout):
            await self._traffic.wait_empty(order.upstream_id)
        self._traffic.cut(order.upstream_id)
        with trio.move_on_after(_CUT):
            await self._traffic.wait_empty(order.upstream_id)
        try:
            await channel.send(call, self._traffic.drained(order.upstream_id))
        except control.ControlLost as error:
            _log.info("%s", error)


def limits_within(descriptors: int, limits: Limits) -> Limits:
    """Return the limits with no more visitors than so many descriptors are enough for, two for each."""
    room = (descriptors - min(_SPARE, descriptors // 2)) // 2
    return replace(limits, connections=min(limits.connections, room))


async def _greet(channel: control.Channel, call: int) -> None:
    """Say hello with a pidfd of what ends last of this worker: frozen, that is what unpacked it."""
    pidfd = os.pidfd_open(os.getppid() if is_frozen() else os.getpid())
    try:
        await channel.send(call, control.Hello(control.VERSION), pidfd)
    finally:
        os.close(pidfd)
