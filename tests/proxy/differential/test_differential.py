"""The same bytes for our proxy, nginx, haproxy and h11: what ours forwards, none of them may frame differently.

`LCI_DIFFERENTIAL_INPUTS` is the number of inputs; from 1,000 on they are new ones in each run.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import trio
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.proxy.conformance.cases import PROBE
from tests.proxy.conformance.messages import Framed, framed_by_h11
from tests.proxy.differential.grammar import streams
from tests.proxy.differential.peers import Peer, open_peers

INPUTS = int(os.environ.get("LCI_DIFFERENTIAL_INPUTS", "400"))
# Seconds after which one who still waits is told that nothing more comes.
QUICK, SLOW = 0.5, 4.0
_AUTHORITY = re.compile(rb"^https?://[^/]*", re.IGNORECASE)
# One that we have read and answered ourselves, being for no project.
ANYTHING: Framed = (b"", b"", b"")


@dataclass
class Reading:
    """How somebody reads a stream: the requests in it, and what became of the rest.

    `refused`: it was refused with an error; `ended`: the last request was the last by its own wish.
    """

    name: str
    requests: list[Framed]
    refused: bool
    ended: bool


async def read_by(peer: Peer, raw: bytes, patience: float) -> Reading:
    requests, visit = await peer.told(raw, patience)
    last = visit.answers[-1] if visit.answers else None
    found = [in_origin_form(request) for request in requests]
    for at, answer in enumerate(visit.answers):
        if answer.status in {308, 404}:
            found.insert(at, ANYTHING)
    return Reading(
        peer.name,
        found,
        refused=last is not None and last.status >= 400,
        ended=last is not None and last.values(b"connection") == [b"close"],
    )


def in_origin_form(request: Framed) -> Framed:
    method, target, body = request
    return method, _AUTHORITY.sub(b"", target), body


def read_by_h11(raw: bytes) -> Reading:
    requests, end = framed_by_h11(raw)
    return Reading("h11", [in_origin_form(each) for each in requests], refused=end == "refused", ended=end == "last")


def differs(ours: Reading, other: Reading) -> bool:
    """Return whether we forward what the other one frames differently, or is still waiting for the end of."""
    common = min(len(ours.requests), len(other.requests))
    pairs = zip(ours.requests, other.requests, strict=False)
    if any(mine not in {ANYTHING, theirs} for mine, theirs in pairs):
        return True
    return len(ours.requests) > common and not (other.refused or other.ended)


def stands_alone(ours: Reading, others: Sequence[Reading]) -> bool:
    """Return whether we forward what everybody else refuses."""
    fewest = max(len(other.requests) for other in others)
    return len(ours.requests) > fewest and all(other.refused and not other.requests[fewest:] for other in others)


async def readings(peers: list[Peer], raw: bytes, patience: float) -> tuple[Reading, list[Reading]]:
    """Return how we read the bytes, and how all others do."""
    found: dict[str, Reading] = {}

    async def read(peer: Peer) -> None:
        found[peer.name] = await read_by(peer, raw, patience)

    async with trio.open_nursery() as nursery:
        for peer in peers:
            nursery.start_soon(read, peer)
    assert peers[0].recorder.faults == []
    return found.pop("ours"), [*found.values(), read_by_h11(raw)]


@pytest.mark.slow
async def test_no_input_is_forwarded_that_others_would_frame_differently(tmp_path) -> None:
    # How often what happened: a run in which nothing was forwarded must not pass for a good one.
    tally: Counter[str] = Counter()

    async def judge(raw: bytes) -> None:
        ours, others = await readings(peers, raw, QUICK)
        if stands_alone(ours, others) or any(differs(ours, other) for other in others):
            # Was one of them merely slow?
            ours, others = await readings(peers, raw, SLOW)
        tally["forwarded"] += bool(ours.requests)
        assert not stands_alone(ours, others), f"{ours} but {others}"
        for other in others:
            tally[other.name] += bool(ours.requests and other.requests)
            assert not differs(ours, other), f"{ours} but {other}"

    @given(streams())
    @settings(
        max_examples=INPUTS, deadline=None, database=None, derandomize=INPUTS < 1000,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )  # fmt: skip
    def compare(stream: bytes) -> None:
        note(repr(stream))
        trio.from_thread.run(judge, stream + PROBE)

    async with open_peers(tmp_path) as peers:
        await trio.to_thread.run_sync(compare)
    assert tally["forwarded"] > INPUTS / 20
    for name in ("nginx", "haproxy", "h11"):
        assert tally[name] > tally["forwarded"] / 2, tally
