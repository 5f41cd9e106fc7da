"""Metrics in Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from itertools import accumulate
from typing import Final, NamedTuple

import lci_app
from lci_app.api.route import Call, Content
from lci_app.core.model import BuildStatus
from lci_app.core.traffic import DURATIONS, ProjectTraffic, Traffic
from lci_app.interfaces import BuildFilter, Clock, Store

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class MetricsPages:
    def __init__(self, store: Store, clock: Clock, traffic: Callable[[], Awaitable[Traffic]]) -> None:
        self._store = store
        self._clock = clock
        self._traffic = traffic
        self._started = clock.seconds()

    async def metrics(self, _: Call) -> Content:
        families = [*await self._own_families(), *traffic_families(await self._traffic())]
        return Content("".join(families).encode(), CONTENT_TYPE)

    async def _own_families(self) -> list[str]:
        store = self._store
        builds = []
        for status in BuildStatus:
            kept, _builds = await store.builds(BuildFilter(status=status), limit=1, offset=0)
            builds.append(Sample(kept, (("status", status),)))
        projects, _projects = await store.projects(limit=1)
        uptime = self._clock.seconds() - self._started
        version = Sample(1, (("version", lci_app.__version__),))
        return [
            family("lci_info", "gauge", "The version that runs.", [version]),
            single("lci_uptime_seconds", "gauge", "Seconds since the start.", uptime),
            single("lci_projects", "gauge", "Registered projects.", projects),
            family("lci_builds", "gauge", "Builds kept, by status.", builds),
            single("lci_queue_length", "gauge", "Builds that wait.", len(await store.queued_builds())),
            single("lci_running_builds", "gauge", "Builds that run.", len(await store.running_builds())),
        ]


class Sample(NamedTuple):
    """One number. `labels` in the order in which they are written; `suffix` belongs to the name, as histograms need."""

    value: float
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""


def family(name: str, kind: str, about: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for sample in samples:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels)
        lines.append(f"{name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {sample.value}")
    return "\n".join(lines) + "\n"


def single(name: str, kind: str, about: str, value: float) -> str:
    return family(name, kind, about, [Sample(value)])


def traffic_families(traffic: Traffic) -> Iterator[str]:
    """Yield what the data plane has carried, and what it is carrying."""
    yield single("lci_proxy_workers", "gauge", "Proxy workers that serve.", traffic.workers)
    yield single("lci_proxy_connections_total", "counter", "Visitors' connections accepted.", traffic.connections)
    yield single("lci_proxy_open_connections", "gauge", "Visitors' connections open now.", traffic.open_connections)
    yield single("lci_proxy_failures_total", "counter", "Connections that ended by a bug.", traffic.failures)
    yield family(
        "lci_proxy_answers_total",
        "counter",
        "All answers to visitors, by status class.",
        [Sample(count, (("status", status),)) for status, count in traffic.answers.items()],
    )
    yield from _project_families(traffic)


def _project_families(traffic: Traffic) -> Iterator[str]:
    projects = [((("project", name),), each) for name, each in traffic.projects.items()]
    yield family(
        "lci_proxy_requests_total",
        "counter",
        "A project's requests, by the status class of the answer; none: the visitor left before it.",
        [Sample(n, (*labels, ("status", status))) for labels, each in projects for status, n in each.answers.items()],
    )
    yield family(
        "lci_proxy_requests_in_flight",
        "gauge",
        "A project's requests that are on their way.",
        [Sample(each.in_flight, labels) for labels, each in projects],
    )
    yield family(
        "lci_proxy_request_duration_seconds",
        "histogram",
        "From the routing of a project's request to the last byte of its answer.",
        [sample for labels, each in projects for sample in _histogram(labels, each)],
    )
    yield family(
        "lci_proxy_received_bytes_total",
        "counter",
        "Bytes from a project's visitors, heads and bodies.",
        [Sample(each.bytes_in, labels) for labels, each in projects],
    )
    yield family(
        "lci_proxy_sent_bytes_total",
        "counter",
        "Bytes to a project's visitors, heads and bodies.",
        [Sample(each.bytes_out, labels) for labels, each in projects],
    )


def _histogram(labels: tuple[tuple[str, str], ...], traffic: ProjectTraffic) -> Iterator[Sample]:
    counts = list(accumulate(traffic.durations))
    for bound, count in zip([*map(str, DURATIONS), "+Inf"], counts, strict=True):
        yield Sample(count, (*labels, ("le", bound)), "_bucket")
    yield Sample(traffic.seconds, labels, "_sum")
    yield Sample(counts[-1], labels, "_count")


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
