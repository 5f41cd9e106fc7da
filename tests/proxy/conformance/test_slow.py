"""Every row of the table of dawdlers, all at once."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
import trio

from tests.proxy.conformance.answers import begun
from tests.proxy.conformance.messages import Message, message
from tests.proxy.conformance.services import Recording, record
from tests.proxy.conformance.slow import INTERVAL, LIMITS, ROWS, Slow
from tests.proxy.conformance.visits import Visit, project, read_to_the_end, run_with_services
from tests.proxy.upstreams import read_head

# Longer than all phases of a row together.
PATIENCE = 20.0


async def drip(stream: trio.SocketStream, first: bytes, rest: bytes) -> None:
    """Send the first bytes at once and the others one an interval, as long as somebody takes them."""
    try:
        if first:
            await stream.send_all(first)
        for byte in rest:
            await trio.sleep(INTERVAL)
            await stream.send_all(bytes([byte]))
    except trio.BrokenResourceError:
        return


async def dawdle(stream: trio.SocketStream, row: Slow) -> None:
    """Be the row's service."""
    if row.proper:
        await record(stream, Recording())
        return
    await read_head(stream, bytearray())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip, stream, row.answers, row.answer_drips)
        if not row.listens:
            await trio.sleep_forever()
        with suppress(trio.BrokenResourceError):
            while await stream.receive_some(65536):
                pass
        nursery.cancel_scope.cancel()


async def visit(address: tuple[str, int], row: Slow, number: int) -> Visit:
    """Be the row's visitor."""
    prefix, seen = project(number), Visit()
    with trio.move_on_after(PATIENCE):
        stream = await trio.open_tcp_stream(*address)
        async with stream, trio.open_nursery() as nursery:
            if not row.reads:
                await stream.send_all(row.asks.replace(b"/app", prefix))
                seen.end = await given_up(stream)
                return seen
            nursery.start_soon(drip, stream, row.asks.replace(b"/app", prefix), row.drips)
            await read_to_the_end(stream, seen)
            nursery.cancel_scope.cancel()
    return seen


async def given_up(stream: trio.SocketStream) -> str:
    """Wait for the proxy to end a connection without reading from it."""
    while True:
        await trio.sleep(INTERVAL)
        try:
            await stream.send_all(b"a")
        except trio.BrokenResourceError:
            return "reset"


@pytest.fixture(scope="module")
def visits(tmp_path_factory) -> dict[str, Visit]:
    found: dict[str, Visit] = {}

    async def ask(address: tuple[str, int], number: int) -> None:
        found[ROWS[number].name] = await visit(address, ROWS[number], number)

    handlers = [partial(dawdle, row=row) for row in ROWS]
    trio.run(lambda: run_with_services(tmp_path_factory.mktemp("proxy") / "run", handlers, ask, LIMITS))
    return found


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_who_dawdles_is_waited_for_so_long_and_no_longer(visits: dict[str, Visit], row: Slow) -> None:
    found = visits[row.name]
    found.read(iter(()))
    assert found.faults == []
    assert tuple(as_expected(answer) for answer in found.answers) == row.seen, row.why


def as_expected(answer: Message) -> int | Message:
    if answer.whole:
        return answer.status
    return begun(message(answer.start, *(line for line in answer.lines if not line.startswith(b"X-Request-Id: "))))
