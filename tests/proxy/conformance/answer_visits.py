"""The run of an answer table: a service for each row that sends its bytes once, and answers properly ever after."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from tests.proxy.conformance.answers import BAD_GATEWAY, AnswerCase, Seen, begun
from tests.proxy.conformance.cases import PROBE
from tests.proxy.conformance.messages import Message, message, take_request
from tests.proxy.conformance.services import OK
from tests.proxy.conformance.visits import Visit, converse, pieces, project, run_with_services

_RESET = struct.pack("ii", 1, 0)


@dataclass
class Script:
    """One row's service: how many connections and requests it has had."""

    case: AnswerCase
    bytewise: bool
    connections: int = 0
    on_the_first: int = 0


async def play(stream: trio.SocketStream, script: Script) -> None:
    """Send the row's bytes to the first request of all, and `OK` to every other."""
    script.connections += 1
    first = script.connections == 1
    buffer = bytearray()
    while data := await stream.receive_some(65536):
        buffer += data
        while take_request(buffer):
            if not first:
                await stream.send_all(OK)
                continue
            script.on_the_first += 1
            if script.on_the_first > 1:
                await stream.send_all(OK)
            elif not await _send(stream, script):
                return


async def _send(stream: trio.SocketStream, script: Script) -> bool:
    """Send the row's bytes and do what it says with the connection; False where that ends it."""
    for piece in pieces(script.case.raw, bytewise=script.bytewise):
        await stream.send_all(piece)
        await trio.lowlevel.checkpoint()
    if script.case.then == "reset":
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    return script.case.then == "keep"


async def run_answers(run_directory: Path, cases: Sequence[AnswerCase], *, bytewise: bool) -> dict[str, Seen]:
    """Ask every row's service once and then for the probe, on one connection."""
    scripts = [Script(case, bytewise) for case in cases]
    visits = [Visit() for _ in cases]

    async def ask(address: tuple[str, int], number: int) -> None:
        raw = (cases[number].request + PROBE).replace(b"/app", project(number))
        visits[number] = await converse(address, [raw])

    await run_with_services(run_directory, [partial(play, script=script) for script in scripts], ask)
    return {
        script.case.name: _seen(script, visit, project(number))
        for number, (script, visit) in enumerate(zip(scripts, visits, strict=True))
    }


def _seen(script: Script, visit: Visit, prefix: bytes) -> Seen:
    visit.read(iter([script.case.request.split(b" ")[0]]))
    answers = tuple(_as_noted(answer, prefix) for answer in visit.answers)
    return Seen(answers, script.on_the_first > 1, tuple(visit.faults))


def _as_noted(answer: Message, prefix: bytes) -> Message:
    """Leave out what the proxy adds to each answer, and what its own page says."""
    if answer.status == 502 and b"Cache-Control: no-store" in answer.lines:
        return BAD_GATEWAY
    if len(answer.values(b"x-request-id")) != 1:
        return message(b"An answer without its request id", *answer.lines)
    lines = [line.replace(prefix, b"/app") for line in answer.lines if not line.startswith(b"X-Request-Id: ")]
    noted = message(answer.start, *lines, body=answer.body)
    return noted if answer.whole else begun(noted)
