"""Either side leaves at every byte of a stream: nothing cut off passes for whole, and the worker is none the worse."""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from functools import partial

import pytest
import trio

from tests.proxy.conformance.closing import ENDINGS, NUMBER, STREAMS, Ending, Stream
from tests.proxy.conformance.messages import Message, take_request
from tests.proxy.conformance.services import Recording, record
from tests.proxy.conformance.visits import Visit, converse, project, run_with_services

RESET = struct.pack("ii", 1, 0)
VISITORS_WAYS = ("half-close", "close", "reset")
SERVICES_WAYS = ("close", "reset")
LEAVING = [(stream, way) for stream in STREAMS for way in VISITORS_WAYS]
BREAKING = [(ending, way) for ending in ENDINGS for way in SERVICES_WAYS]


@dataclass
class Broken:
    """What visitors saw of an answer that ended after so many bytes, by their number."""

    visits: dict[int, Visit] = field(default_factory=dict)


def ids(pair: tuple[Stream | Ending, str]) -> str:
    return f"{pair[0]}, {pair[1]}"


async def leave(address: tuple[str, int], raw: bytes, way: str) -> Visit:
    if way == "half-close":
        return await converse(address, [raw] if raw else [], half_close=True)
    stream = await trio.open_tcp_stream(*address)
    async with stream:
        if raw:
            await stream.send_all(raw)
        if way == "reset":
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return Visit(end="closed")


@pytest.fixture(scope="module")
def left(tmp_path_factory) -> list[tuple[Recording, list[Visit]]]:
    """Return what each stream's service got, and its visitors that stayed to read."""
    recordings = [Recording() for _ in LEAVING]
    visits: list[list[Visit]] = [[] for _ in LEAVING]

    async def ask(address: tuple[str, int], number: int) -> None:
        stream, way = LEAVING[number]
        raw = b"".join(stream.requests).replace(b"/app", project(number))
        for cut in range(len(raw) + 1):
            visits[number].append(await leave(address, raw.replace(NUMBER, b"%04d" % cut)[:cut], way))
        whole = raw.replace(NUMBER, b"last")
        visits[number].append(await leave(address, whole, "half-close"))

    handlers = [partial(record, recording=each) for each in recordings]
    trio.run(lambda: run_with_services(tmp_path_factory.mktemp("proxy") / "run", handlers, ask))
    return list(zip(recordings, visits, strict=True))


@pytest.mark.parametrize("pair", LEAVING, ids=ids)
def test_a_visitor_may_leave_after_any_byte(left, pair: tuple[Stream, str]) -> None:
    stream, _ = pair
    recording, visits = left[LEAVING.index(pair)]
    assert recording.faults == []
    arrived: dict[bytes, list[Message]] = {}
    for request in recording.requests:
        arrived.setdefault(re.sub(rb".* /(\w{4}) .*", rb"\1", request.start), []).append(request)
    # What is there whole when the visitor stops sending is served, and the worker has survived all the others.
    assert len(arrived.pop(b"last")) == len(stream.requests)
    for number, requests in arrived.items():
        assert len(requests) <= stream.sent_whole(int(number)), stream.why
        assert all(request.body in {b"", b"hello", b"hello world"} for request in requests)
    for visit in visits:
        visit.read(iter(()))
        assert visit.faults == []
        assert {answer.status for answer in visit.answers} <= {200, 400}


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> list[Broken]:
    """Return what visitors saw of each answer, cut off after each byte."""
    results = [Broken() for _ in BREAKING]

    async def break_off(stream: trio.SocketStream, ending: Ending, way: str) -> None:
        buffer = bytearray()
        while not (request := take_request(buffer)):
            buffer += await stream.receive_some(65536)
        cut = int(re.sub(rb".* /(\d{4}) .*", rb"\1", request.start))
        await stream.send_all(ending.raw[:cut])
        if way == "reset":
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    async def ask(address: tuple[str, int], number: int) -> None:
        ending, _ = BREAKING[number]
        for cut in range(len(ending.raw) + 1):
            raw = ending.request.replace(b"/app", project(number)).replace(NUMBER, b"%04d" % cut)
            results[number].visits[cut] = await converse(address, [raw])

    handlers = [partial(break_off, ending=ending, way=way) for ending, way in BREAKING]
    trio.run(lambda: run_with_services(tmp_path_factory.mktemp("proxy") / "run", handlers, ask))
    return results


@pytest.mark.parametrize("pair", BREAKING, ids=ids)
def test_a_service_may_leave_after_any_byte(broken: list[Broken], pair: tuple[Ending, str]) -> None:
    ending, way = pair
    for cut, visit in broken[BREAKING.index(pair)].visits.items():
        visit.read(iter(()))
        assert visit.faults == []
        (answer,) = visit.answers
        if answer.status == 502:
            # Right also where nothing of the body was passed on yet.
            assert answer.whole
            assert cut < len(ending.raw)
            continue
        assert cut >= len(ending.head)
        assert answer.status == (304 if ending.name == "304" else 200)
        assert answer.body in {b"hello world"[:size] for size in range(12)}
        if way == "close":
            assert answer.whole is (cut - len(ending.head) >= (ending.size or 0)), ending.why
        elif ending.size is None or cut < len(ending.raw):
            assert not answer.whole or ending.size == 0, ending.why
