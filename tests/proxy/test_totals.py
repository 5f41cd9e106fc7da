"""The sums over the workers."""

from __future__ import annotations

from lci_app.core.traffic import ProjectTraffic
from lci_app.proxy.control import Counters
from lci_app.proxy.figures import Figures
from lci_app.proxy.totals import Totals
from tests.proxy.upstreams import answering, ok, open_service
from tests.proxy.visitors import fetch, get, proxy_for, routes


def worker(requests: int, *, in_flight: int = 0, project: str = "app") -> Counters:
    figures = Figures()
    for _ in range(requests):
        figures.count(200, 0.02, 10, 100)
    return Counters(
        connections=requests,
        open_connections=in_flight,
        in_flight=in_flight,
        answers={"2xx": requests, "5xx": 0},
        projects={project: {**figures.to_json(), "in_flight": in_flight}},
    )


def test_the_workers_figures_are_added_member_by_member() -> None:
    traffic = Totals().add_up({"a": worker(2, in_flight=1), "b": worker(3, in_flight=2)}, ["app"])
    assert (traffic.workers, traffic.connections, traffic.open_connections) == (2, 5, 3)
    assert traffic.answers == {"2xx": 5, "5xx": 0}
    app = traffic.projects["app"]
    assert (app.answers["2xx"], app.bytes_in, app.bytes_out, app.in_flight) == (5, 50, 500, 3)
    assert (app.durations[2], sum(app.durations), round(app.seconds, 3)) == (5, 5, 0.1)


def test_what_an_ended_worker_counted_stays_but_nothing_of_it_is_in_flight() -> None:
    totals = Totals()
    totals.add_up({"a": worker(2, in_flight=1), "b": worker(3)}, ["app"])
    for _ in range(2):
        traffic = totals.add_up({"b": worker(4), "c": worker(1)}, ["app"])
        assert (traffic.connections, traffic.open_connections) == (7, 0)
        assert (traffic.projects["app"].answers["2xx"], traffic.projects["app"].in_flight) == (7, 0)


def test_a_project_without_a_request_is_there_and_one_that_went_is_not() -> None:
    traffic = Totals().add_up({"a": worker(2, project="gone"), "b": worker(1, project="gone")}, ["idle"])
    assert traffic.projects == {"idle": ProjectTraffic()}


async def test_the_data_plane_tells_what_it_carried_over_all_its_workers(run_directory):
    async with (
        open_service(answering(ok(b"hello"))) as service,
        proxy_for(run_directory, routes(1, app=service.upstream), workers=2) as proxy,
    ):
        for _ in range(8):
            assert (await fetch(proxy, get("/app/"))).status == 200
        traffic = await proxy.traffic()
    assert (traffic.workers, traffic.projects["app"].answers["2xx"], traffic.answers["2xx"]) == (2, 8, 8)
    assert sum(traffic.projects["app"].durations) == 8
