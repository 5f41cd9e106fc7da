"""Maintenance, and what a worker counts of each project's requests."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import trio

from lci_app.core.routing import Route, table
from lci_app.core.traffic import DURATIONS
from lci_app.proxy.figures import Figures
from lci_app.proxy.traffic import Traffic
from tests.proxy.test_switching import Gate
from tests.proxy.upstreams import answering, echo, ok, open_service, read_head
from tests.proxy.visitors import fetch, front, get, proxy_for, routes, visit


async def test_maintenance_pauses_one_project_and_leaves_what_is_in_flight(run_directory):
    gate = Gate()
    async with open_service(gate.handle) as paused, open_service(echo("other"), number=2) as other:
        served = [Route("app", paused.upstream), Route("other", other.upstream)]
        async with proxy_for(run_directory, table(1, served)) as proxy, visit(proxy) as visitor:
            await visitor.send(get("/app/"))
            await gate.arrival.wait()
            served[0] = dataclasses.replace(served[0], maintenance="Back <soon>.")
            await proxy.publish(table(2, served))
            told = await fetch(proxy, get("/app/"))
            page = await fetch(proxy, get("/app/", "Accept: text/html"))
            assert (await fetch(proxy, get("/other/"))).status == 200
            gate.go.set()
            assert (await visitor.reply()).body == b"done"
            served[0] = dataclasses.replace(served[0], maintenance=None)
            await proxy.publish(table(3, served))
            assert (await fetch(proxy, get("/app/"))).status == 200
    assert (told.status, told.header("retry-after")) == (503, "60")
    assert told.json()["error"]["code"] == "MAINTENANCE"
    assert told.json()["error"]["message"] == "Back <soon>."
    assert b"Back &lt;soon&gt;." in page.body


async def test_each_projects_requests_are_counted(run_directory):
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!"
    async with open_service(answering(ok(b"hello"))) as service, open_service(answering(missing), number=2) as other:
        projects = routes(1, app=service.upstream, other=other.upstream, idle=None)
        async with proxy_for(run_directory, projects) as proxy:
            asked = get("/app/"), b"POST /app/ HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n" + b"x" * 40_000
            for ask in asked:
                assert (await fetch(proxy, ask)).status == 200
            for target in ("/other/", "/idle/", "/nope/"):
                await fetch(proxy, get(target))
            [counters] = await proxy.counters()
            # A project that has gone takes its figures with it; the worker's sums stay.
            await proxy.publish(routes(2, app=service.upstream))
            [after] = await proxy.counters()
    app, other_figures, idle = (counters.projects[name] for name in ("app", "other", "idle"))
    assert (app["answers"]["2xx"], other_figures["answers"]["4xx"], idle["answers"]["5xx"]) == (2, 1, 1)
    assert sum(app["durations"]) == 2
    assert app["bytes_in"] == sum(map(len, asked))
    assert app["bytes_out"] > 2 * len(b"hello")
    assert app["in_flight"] == 0
    assert counters.answers == after.answers == {"1xx": 0, "2xx": 2, "3xx": 0, "4xx": 2, "5xx": 1}
    assert set(after.projects) == {"app"}


async def test_what_is_in_flight_is_counted_where_it_is_and_a_visitor_that_leaves_too(run_directory):
    arrived = trio.Event()

    async def wait(stream):
        await read_head(stream, bytearray())
        arrived.set()
        await stream.receive_some(1)

    async with front(run_directory, wait) as (proxy, _):
        async with visit(proxy) as visitor:
            await visitor.send(get("/app/"))
            await arrived.wait()
            assert (await proxy.counters())[0].projects["app"]["in_flight"] == 1
        with trio.fail_after(5):
            while (await proxy.counters())[0].projects["app"]["in_flight"]:
                await trio.lowlevel.checkpoint()
        assert (await proxy.counters())[0].projects["app"]["answers"]["none"] == 1


@pytest.mark.parametrize(
    ("seconds", "place"), [(0.0, 0), (0.005, 0), (0.006, 1), (10.0, len(DURATIONS) - 1), (99.0, -1)]
)
def test_a_duration_falls_into_its_class(seconds: float, place: int) -> None:
    figures = Figures()
    figures.count(200, seconds, 1, 2)
    assert figures.durations[place] == 1
    assert sum(figures.durations) == 1


def test_the_classes_of_duration_grow() -> None:
    assert all(low < high for low, high in itertools.pairwise(DURATIONS))


def test_projects_nobody_asked_for_are_left_out_of_a_workers_figures() -> None:
    traffic = Traffic()
    traffic.set_table(table(1, [Route(f"p{number}", None) for number in range(1000)]))
    traffic.places["p7"].figures.count(503, 0.1, 1, 2)
    counters = traffic.counters()
    assert set(counters.projects) == {"p7"}
    assert counters.answers["5xx"] == 1
