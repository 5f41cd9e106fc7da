"""Receipts: what became of the requests that were in flight on a version when it lost its traffic."""

from __future__ import annotations

import trio

from lci_app.core.routing import Route, Upstream, table
from lci_app.interfaces import DrainReceipt
from lci_app.proxy.control import Draining
from lci_app.proxy.traffic import REMEMBERED, Traffic
from tests.proxy.planes import open_plane
from tests.proxy.test_switching import Gate
from tests.proxy.upstreams import echo, open_service, read_head
from tests.proxy.visitors import Visitor, front, get, proxy_for, routes, visit


async def test_what_finishes_between_the_switch_and_the_drain_is_in_the_receipt(run_directory):
    gate = Gate()
    async with (
        open_service(gate.handle) as old,
        open_service(echo("new"), number=2) as new,
        proxy_for(run_directory, routes(1, app=old.upstream), workers=2) as proxy,
        visit(proxy) as one,
        visit(proxy) as other,
    ):
        for visitor in (one, other):
            await visitor.send(get("/app/"))
        while gate.arrived < 2:
            await trio.lowlevel.checkpoint()
        await proxy.publish(routes(2, app=new.upstream))
        gate.go.set()
        for visitor in (one, other):
            assert (await visitor.reply()).body == b"done"
        # The table may change many times before: the version is kept a while.
        await proxy.publish(routes(3, app=new.upstream))
        assert await proxy.drain(1, 10) == DrainReceipt(2, 2, 0)
        assert await proxy.drain(1, 10) is None


async def test_requests_before_the_switch_are_in_no_receipt(run_directory):
    async with front(run_directory, echo()) as (proxy, _), visit(proxy) as visitor:
        for _ in range(3):
            await visitor.ask(get("/app/"))
        await proxy.publish(routes(2, app=None))
        assert await proxy.drain(1, 10) == DrainReceipt(0, 0, 0)


async def test_an_answer_that_breaks_off_did_not_finish(run_directory):
    begun, go = trio.Event(), trio.Event()

    async def break_off(stream):
        await read_head(stream, bytearray())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        begun.set()
        await go.wait()

    async def hang_up(stream):
        await read_head(stream, bytearray())
        begun.set()
        await go.wait()

    for handler in (break_off, hang_up):
        begun, go = trio.Event(), trio.Event()
        async with front(run_directory, handler) as (proxy, _), visit(proxy) as visitor:
            # A POST is not tried again.
            await visitor.send(b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na")
            await begun.wait()
            await proxy.publish(routes(2, app=None))
            go.set()
            reply = await visitor.reply()
            assert (reply.status, reply.complete) in {(200, False), (502, True)}
            assert await proxy.drain(1, 10) == DrainReceipt(1, 0, 1)


async def test_a_visitor_that_leaves_was_not_cut(run_directory):
    arrived = trio.Event()

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await stream.receive_some(1)

    async with front(run_directory, wait) as (proxy, _):
        async with visit(proxy) as visitor:
            await visitor.send(get("/app/"))
            await arrived.wait()
            await proxy.publish(routes(2, app=None))
        assert await proxy.drain(1, 20) == DrainReceipt(1, 1, 0)


async def test_of_a_version_that_no_worker_saw_leave_there_is_no_receipt(run_directory):
    async with proxy_for(run_directory, routes(1), workers=2) as proxy:
        with trio.fail_after(5):
            assert await proxy.drain(99, 60) is None


async def test_workers_that_outlive_their_control_plane_know_what_was_in_flight(run_directory):
    gate = Gate()
    async with (
        open_service(gate.handle) as old,
        open_service(echo("new"), number=2) as new,
        open_plane(run_directory, routes(1, app=old.upstream)) as plane,
        await trio.open_tcp_stream(*plane.address) as stream,
    ):
        visitor = Visitor(stream)
        await visitor.send(get("/app/"))
        await gate.arrival.wait()
        await plane.end()
        async with proxy_for(run_directory, routes(2, app=new.upstream)) as proxy:
            gate.go.set()
            assert (await visitor.reply()).body == b"done"
            assert await proxy.drain(1, 20) == DrainReceipt(1, 1, 0)


class Waiting:
    project = "app"

    def cut(self) -> None:
        raise AssertionError


def version(number: int) -> Upstream:
    return Upstream(number, "127.0.0.1", 9)


def test_a_version_that_gets_its_traffic_back_is_counted_anew_when_it_leaves_again() -> None:
    traffic, request = Traffic(), Waiting()
    traffic.set_table(table(1, [Route("app", version(1))]))
    traffic.versions[1].requests.add(request)
    traffic.set_table(table(2, [Route("app", version(2))]))
    assert traffic.draining(1) == Draining(1, 0)
    traffic.set_table(table(3, [Route("app", version(1))]))
    traffic.versions[1].release(request, broken=True)
    traffic.set_table(table(4, [Route("app", version(2))]))
    assert traffic.draining(1) == Draining(0, 0)
    assert (traffic.drained(1).finished, traffic.drained(1).cut) == (0, 0)


def test_what_is_never_drained_is_not_remembered_for_ever() -> None:
    traffic = Traffic()
    for number in range(3 * REMEMBERED):
        traffic.set_table(table(number, [Route("app", version(number))]))
    assert len(traffic.versions) <= REMEMBERED + 2
    assert not traffic.draining(0).known
    assert traffic.draining(3 * REMEMBERED - 2).known
