"""What stands between lci's proxy and a service closes, cuts, resets, garbles, stalls or keeps what it answers (F097,
F098): its visitors learn of it in time, a broken answer never looks whole, and other projects notice nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import trio

from lci_app.core.routing import Upstream
from lci_app.proxy.limits import Limits
from lci_app.proxy.supervisor import Supervisor
from tests.faults.chaos import Chaos, chaos_proxy
from tests.proxy.planes import end_workers
from tests.proxy.upstreams import Service, answering, ok, open_service
from tests.proxy.visitors import fetch, get, proxy_for, routes, visit

LIMITS = Limits(sweep=0.05, connect=0.5, answer=0.5, download=0.5)
# Any deadline above, and what a machine that does other things adds.
IN_TIME = 10.0
BODY = bytes(range(256)) * 20
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n%b\r\n" % BODY[:1024] * 5 + b"0\r\n\r\n"
IN_HEAD, IN_BODY = 20, 3000

# No answer was begun: the visitor gets one of the proxy's own.
INSTEAD: Mapping[str, tuple[Chaos, int]] = {
    "F097-closed": (Chaos(cut_after=0), 502),
    "F097-cut in the head": (Chaos(cut_after=IN_HEAD), 502),
    "F097-reset in the head": (Chaos(cut_after=IN_HEAD, reset=True), 502),
    "F099-garbage": (Chaos(garbage=True), 502),
    "F098-silent": (Chaos(silent=True), 504),
    "F098-stalls in the head": (Chaos(cut_after=IN_HEAD, stall=True), 504),
    "F098-late": (Chaos(latency=60), 504),
}
BROKEN_OFF: Mapping[str, Chaos] = {
    "F097-cut in the body": Chaos(cut_after=IN_BODY),
    "F097-reset in the body": Chaos(cut_after=IN_BODY, reset=True),
    "F098-stalls in the body": Chaos(cut_after=IN_BODY, stall=True),
}


@dataclass
class Scene:
    """A proxy with /app/ behind the chaos, and /other/ and /chunked/; what /other/'s visitors got."""

    proxy: Supervisor
    chaos: Chaos
    others: list[tuple[int, bool]] = field(default_factory=list)

    def become(self, chaos: Chaos) -> None:
        self.chaos.__dict__.update(chaos.__dict__)


@asynccontextmanager
async def scene(run_directory: Path, answer: bytes) -> AsyncIterator[Scene]:
    """Serve until the block is left; somebody asks for another project all the time, and always gets it."""
    chaos = Chaos()
    async with (
        open_service(answering(answer)) as spoilt,
        open_service(answering(ok(b"well")), number=2) as other,
        chaos_proxy(partial(trio.open_tcp_stream, *_address(spoilt)), chaos) as port,
        proxy_for(
            run_directory, routes(1, app=Upstream(1, "127.0.0.1", port), other=other.upstream), limits=LIMITS
        ) as proxy,
        trio.open_nursery() as nursery,
    ):
        made = Scene(proxy, chaos)
        nursery.start_soon(_visit_others, made)
        yield made
        nursery.cancel_scope.cancel()
    assert made.others
    assert set(made.others) == {(200, True)}


def _address(service: Service) -> tuple[str, int]:
    return service.upstream.host, service.upstream.port


async def _visit_others(scene: Scene) -> None:
    while True:
        reply = await fetch(scene.proxy, get("/other/"))
        scene.others.append((reply.status, reply.body == b"well" and reply.complete))


@pytest.fixture
async def run_directory(tmp_path: Path) -> AsyncIterator[Path]:
    yield tmp_path / "run"
    await end_workers(tmp_path / "run")


async def test_a_visitor_of_a_service_that_does_not_answer_is_told_so_in_time(run_directory: Path) -> None:
    async with scene(run_directory, ok(BODY)) as made:
        for name, (chaos, status) in INSTEAD.items():
            made.become(chaos)
            with trio.fail_after(IN_TIME):
                reply = await fetch(made.proxy, get("/app/"))
            assert (name, reply.status, reply.complete) == (name, status, True)
            assert reply.json()["error"]["code"] == {502: "BAD_GATEWAY", 504: "GATEWAY_TIMEOUT"}[status]
            made.become(Chaos())
            assert (await fetch(made.proxy, get("/app/"))).body == BODY


@pytest.mark.parametrize("answer", [ok(BODY), CHUNKED], ids=["of a known length", "chunked"])
async def test_an_answer_that_breaks_off_in_its_body_never_looks_whole(run_directory: Path, answer: bytes) -> None:
    async with scene(run_directory, answer) as made:
        for name, chaos in BROKEN_OFF.items():
            made.become(chaos)
            with trio.fail_after(IN_TIME):
                reply = await fetch(made.proxy, get("/app/"))
            assert (name, reply.status, reply.complete) == (name, 200, False)
            assert reply.body in (answer.partition(b"\r\n\r\n")[2][: len(reply.body)], BODY[:1024] * 2, b"")
            made.become(Chaos())
            assert (await fetch(made.proxy, get("/app/"))).complete


async def test_an_answer_that_dribbles_comes_whole(run_directory: Path) -> None:
    async with scene(run_directory, ok(BODY[:500])) as made, visit(made.proxy) as visitor:
        made.become(Chaos(piece=3, latency=0.001))
        for _ in range(2):
            reply = await visitor.ask(get("/app/"))
            assert (reply.status, reply.complete, reply.body) == (200, True, BODY[:500])
