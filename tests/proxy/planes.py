"""Control planes in processes of their own, to be killed and followed by others; and visitors who notice everything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio

from lci_app.core.routing import RouteTable
from lci_app.proxy import control
from lci_app.proxy.limits import Limits
from lci_app.proxy.process import open_peer, socket_files
from lci_app.proxy.supervisor import Supervisor, open_proxy
from tests.proxy.visitors import PROGRAM, Visitor, get

# A worker of a program whose control channel speaks another version.
FOREIGN = [
    sys.executable,
    "-c",
    "import sys; from lci_app.proxy import control; control.VERSION = 99\n"
    "from lci_app.proxy.worker import main; sys.exit(main(sys.argv[2:]))",
]
# So does this control plane, when it is told to.
_FOREIGN_PLANE = "from lci_app.proxy import control; control.VERSION = 99"
_SCRIPT = "import sys; {before}; from tests.proxy.planes import serve; serve(sys.argv[1])"


@dataclass
class Plane:
    """A running control plane, the address of its proxy, and its workers."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int]
    worker_pids: list[int]

    async def end(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return await trio.to_thread.run_sync(self.process.wait)


@asynccontextmanager
async def open_plane(
    run_directory: Path,
    table: RouteTable,
    *,
    port: int = 0,
    workers: int = 1,
    limits: Limits | None = None,
    foreign: bool = False,
) -> AsyncIterator[Plane]:
    """Run a control plane that serves by the table; SIGHUP: it ends and leaves its workers, SIGTERM: it ends them,
    SIGUSR1: it fails."""
    told = json.dumps(
        {
            "run_directory": str(run_directory),
            "table": table.to_json(),
            "port": port,
            "workers": workers,
            "limits": None if limits is None else limits.to_json(),
            "program": FOREIGN if foreign else PROGRAM,
        }
    )
    script = _SCRIPT.format(before=_FOREIGN_PLANE if foreign else "pass")
    process = subprocess.Popen([sys.executable, "-c", script, told], stdout=subprocess.PIPE)  # noqa: ASYNC220 - short
    with process:
        assert process.stdout is not None
        try:
            host, number, *pids = (await trio.to_thread.run_sync(process.stdout.readline)).decode().split()
            yield Plane(process, (host, int(number)), [int(pid) for pid in pids])
        finally:
            process.kill()


def serve(told: str) -> None:
    """Be a control plane."""
    trio.run(_serve, json.loads(told))


async def _serve(told) -> None:
    limits = None if told["limits"] is None else Limits(**told["limits"])
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1) as signals:
        async with open_proxy(
            told["program"], Path(told["run_directory"]), "127.0.0.1", told["port"], told["workers"], limits=limits
        ) as proxy:
            await proxy.publish(RouteTable.from_json(told["table"]))
            print(*proxy.address, *proxy.worker_pids, flush=True)  # noqa: T201 - for `open_plane`
            async for number in signals:
                if number == signal.SIGUSR1:
                    raise ZeroDivisionError
                if number == signal.SIGHUP:
                    proxy.leave_workers()
                break


async def told_to_leave(proxy: Supervisor) -> None:
    """Return when the workers of earlier control planes accept nothing more."""
    while not all(each.worker.stopping for each in proxy._departures):
        await proxy._board.wait()


async def end_workers(run_directory: Path) -> None:
    """Kill whatever a test left there."""
    for path in socket_files(run_directory):
        with suppress(OSError):
            channel = await control.connect(path)
            peer = open_peer(channel)
            channel.close()
            if peer is not None:
                signal.pidfd_send_signal(peer[1], signal.SIGKILL)


@dataclass
class Crowd:
    """Visitors who ask without a pause; each answer that is not a whole 200 is kept in `failures`."""

    address: tuple[str, int]
    served: int = 0
    failures: list[str] = field(default_factory=list)
    over: bool = False
    _progress: trio.Condition = field(default_factory=trio.Condition)

    async def ask_on(self, requests: Sequence[bytes], *, keep_alive: bool) -> None:
        """Ask these in turn, on one connection as long as the proxy keeps it, or each on a new one."""
        number = 0
        while not self.over:
            try:
                async with await trio.open_tcp_stream(*self.address) as stream:
                    visitor, keep = Visitor(stream), True
                    while keep and not self.over:
                        reply = await visitor.ask(requests[number % len(requests)])
                        number += 1
                        if reply.status != 200 or not reply.complete:
                            self.failures.append(f"{reply}")
                        keep = keep_alive and reply.header("connection") != "close"
                        await self._note()
            except (OSError, EOFError, trio.BrokenResourceError, trio.TooSlowError) as error:
                self.failures.append(f"keep_alive={keep_alive} request {number}: {error!r}")

    async def _note(self) -> None:
        self.served += 1
        async with self._progress:
            self._progress.notify_all()

    async def wait_served(self, more: int) -> None:
        """Return when so many more requests were answered."""
        wanted = self.served + more
        with trio.move_on_after(60):
            async with self._progress:
                while self.served < wanted:
                    await self._progress.wait()
        assert self.served >= wanted, self.failures[:10]


_POST = b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"


@asynccontextmanager
async def crowd(
    address: tuple[str, int],
    *,
    keep_alive: int = 4,
    new: int = 2,
    requests: Sequence[bytes] = (get("/app/"), _POST),
) -> AsyncIterator[Crowd]:
    """Have so many visitors ask these in turn until the block is left."""
    visitors = Crowd(address)
    async with trio.open_nursery() as nursery:
        for number in range(keep_alive + new):
            nursery.start_soon(partial(visitors.ask_on, requests, keep_alive=number < keep_alive))
        yield visitors
        visitors.over = True
