"""The run of a table: one proxy, a service for each case, all cases at once over connections of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import trio
import trio.testing

from lci_app.core.routing import Route, Upstream, table
from lci_app.proxy.limits import Limits
from tests.proxy.conformance.cases import PROBE, Case, Outcome
from tests.proxy.conformance.messages import Malformed, Message, take_answer
from tests.proxy.conformance.services import Recording, record
from tests.proxy.upstreams import Handler, Service, open_service
from tests.proxy.visitors import proxy_for

# Of a 2-core machine's patience: a case that needs so long has hung.
_PATIENCE = 20.0
_AT_A_TIME = 64
# Heads near the limits would take minutes byte by byte.
_SINGLE_BYTES = 2048


@dataclass
class Visit:
    """What a visitor got: all bytes, and how its connection ended: "closed", "reset", or "silent" where it did not."""

    data: bytes = b""
    end: str = "silent"
    answers: list[Message] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def read(self, methods: Iterator[bytes]) -> None:
        """Cut the bytes into answers to requests of those methods."""
        buffer = bytearray(self.data)
        try:
            while answer := take_answer(buffer, next(methods, b"GET"), self.end):
                self.answers.append(answer)
                if answer.status == 101:
                    break  # What follows is another protocol's.
        except Malformed as error:
            self.faults.append(f"The visitor got what is no answer: {error}")
        if self.end == "silent":
            self.faults.append("The connection was never ended.")


def project(number: int) -> bytes:
    """Return the path that stands for `/app` in that case: as long, and nobody else's."""
    return b"/%03d" % number


def pieces(raw: bytes, *, bytewise: bool) -> list[bytes]:
    if not bytewise:
        return [raw]
    step = 1 if len(raw) <= _SINGLE_BYTES else 1000
    return [raw[start : start + step] for start in range(0, len(raw), step)]


async def converse(address: tuple[str, int], sent: Sequence[bytes], *, half_close: bool = False) -> Visit:
    """Send each piece by itself, and read to the end, whatever happens to the sending."""
    visit = Visit()
    with trio.move_on_after(_PATIENCE):
        stream = await trio.open_tcp_stream(*address)
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(_send, stream, sent, half_close)
            await read_to_the_end(stream, visit)
            nursery.cancel_scope.cancel()
    return visit


async def read_to_the_end(stream: trio.SocketStream, visit: Visit) -> None:
    try:
        while data := await stream.receive_some(65536):
            visit.data += data
        visit.end = "closed"
    except trio.BrokenResourceError:
        visit.end = "reset"


async def _send(stream: trio.SocketStream, sent: Sequence[bytes], half_close: bool) -> None:
    try:
        for piece in sent:
            await stream.send_all(piece)
        if half_close:
            await stream.send_eof()
    except trio.BrokenResourceError:
        return  # The proxy has ended the connection: what it said before is what counts.


async def run_with_services(
    run_directory: Path,
    handlers: Sequence[Handler],
    ask: Callable[[tuple[str, int], int], object],
    limits: Limits | None = None,
) -> list[Service]:
    """Run `ask(address, number)` for each handler's service, all behind one proxy; returns when all has ended.

    Every connection of the proxy's has then ended too, so that a late byte has been seen.
    """
    limiter = trio.CapacityLimiter(_AT_A_TIME)

    async def ask_in_turn(address: tuple[str, int], number: int) -> None:
        async with limiter:
            await ask(address, number)  # type: ignore[misc]

    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(open_service(handler)) for handler in handlers]
        routes = [
            Route(project(number)[1:].decode(), Upstream(number + 1, "127.0.0.1", service.upstream.port))
            for number, service in enumerate(services)
        ]
        async with proxy_for(run_directory, table(1, routes), limits=limits) as proxy:
            async with trio.open_nursery() as nursery:
                for number in range(len(services)):
                    nursery.start_soon(ask_in_turn, proxy.address, number)
            failures = sum(each.failures for each in await proxy.counters())
            assert failures == 0, f"{failures} exceptions in the worker; its standard error has them"
        # The workers have ended, so all they ever sent is here already.
        await trio.testing.wait_all_tasks_blocked(0.05)
    return services


async def run_cases(run_directory: Path, cases: Sequence[Case], *, bytewise: bool) -> dict[str, Outcome]:
    """Send every case's bytes, with the probe behind them, on a connection of its own."""
    recordings = [Recording() for _ in cases]
    visits = [Visit() for _ in cases]

    async def ask(address: tuple[str, int], number: int) -> None:
        raw = (cases[number].raw + PROBE).replace(b"/app", project(number))
        visits[number] = await converse(address, pieces(raw, bytewise=bytewise))

    await run_with_services(run_directory, [partial(record, recording=each) for each in recordings], ask)
    return {
        case.name: _outcome(case, visit, recording, project(number))
        for number, (case, visit, recording) in enumerate(zip(cases, visits, recordings, strict=True))
    }


def _outcome(case: Case, visit: Visit, recording: Recording, prefix: bytes) -> Outcome:
    recording.judge(prefix)
    visit.read(line.split(b" ")[0] for line in case.raw.split(b"\r\n") if line.endswith((b"HTTP/1.1", b"HTTP/1.0")))
    faults = [*visit.faults, *recording.faults]
    if visit.answers and visit.answers[-1].values(b"connection") != [b"close"]:
        faults.append("The last answer does not say that the connection ends.")
    faults += [f"An answer was cut off: {answer.start!r}" for answer in visit.answers if not answer.whole]
    return Outcome(
        tuple(recording.requests), tuple(answer.status for answer in visit.answers), recording.begun > 0, tuple(faults)
    )
