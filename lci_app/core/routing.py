"""Which project a request is for: one immutable table that every worker of the data plane holds whole.

Plain dataclasses, since a worker imports nothing heavier. `to_json` and `from_json` are the table's form on the
control channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Upstream:
    """One running version. `id` is unique over all versions ever deployed, so that requests are counted per version."""

    id: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Route:
    """One project. `upstream` is null while nothing of it is deployed or while it is stopped.

    `maintenance`: what visitors are told instead of being served, null where they are served. Where the project's
    prefix was taken off a request's path, `rewrite_redirects` puts it back into the answer's `Location`, and
    `scope_cookies` into the paths of its cookies. Where its requests in flight are waited for, they may take
    `drain_timeout` seconds.
    """

    project: str
    upstream: Upstream | None
    domains: tuple[str, ...] = ()
    strip_prefix: bool = True
    rewrite_redirects: bool = True
    scope_cookies: bool = True
    maintenance: str | None = None
    drain_timeout: float = 30.0


# Neither frozen nor with an `__init__` that mypyc leaves to the interpreter: one is made for every request.
@dataclass(slots=True, init=False)
class Match:
    """Where a request goes: `target` is what the upstream is asked for, `prefix` what was taken off its path."""

    route: Route
    target: str
    prefix: str

    def __init__(self, route: Route, target: str, prefix: str) -> None:
        self.route = route
        self.target = target
        self.prefix = prefix


@dataclass(frozen=True, slots=True)
class Redirect:
    """`/{project}` without its slash."""

    location: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes. `generation` grows with every change; a worker acknowledges the one it holds."""

    generation: int
    routes: tuple[Route, ...] = ()
    _by_name: Mapping[str, Route] = field(init=False, repr=False, compare=False)
    _by_domain: Mapping[str, Route] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {route.project: route for route in self.routes})
        object.__setattr__(
            self, "_by_domain", {domain.lower(): route for route in self.routes for domain in route.domains}
        )

    def find(self, host: str, target: str) -> Match | Redirect | None:
        """Return where the request `target` (origin form: a path, perhaps a query) with that Host goes.

        A project's domain wins over the path; None means that no project is meant.
        """
        if self._by_domain:
            by_domain = self._by_domain.get(_domain(host))
            if by_domain is not None:
                return Match(by_domain, target, "")
        end = target.find("/", 1)
        if end > 0:
            route = self._by_name.get(target[1:end])
            if route is not None:
                return Match(route, target[end:], target[:end]) if route.strip_prefix else Match(route, target, "")
        # The slash, if there was one, may have been the query's.
        path, question, query = target.partition("?")
        return Redirect(f"{path}/{question}{query}") if path[1:] in self._by_name else None

    def to_json(self) -> dict[str, Any]:
        return {"generation": self.generation, "routes": [asdict(route) for route in self.routes]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RouteTable:
        return cls(document["generation"], tuple(_route(each) for each in document["routes"]))


def _route(document: Mapping[str, Any]) -> Route:
    upstream = document["upstream"]
    return Route(
        project=document["project"],
        upstream=None if upstream is None else Upstream(**upstream),
        domains=tuple(document["domains"]),
        strip_prefix=document["strip_prefix"],
        rewrite_redirects=document.get("rewrite_redirects", True),
        scope_cookies=document.get("scope_cookies", True),
        maintenance=document.get("maintenance"),
        drain_timeout=document.get("drain_timeout", 30.0),
    )


@lru_cache(maxsize=1024)
def _domain(host: str) -> str:
    """Return a Host header's value without its port, in the form in which domains are looked up."""
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def table(generation: int, routes: Iterable[Route]) -> RouteTable:
    return RouteTable(generation, tuple(sorted(routes, key=lambda route: route.project)))
