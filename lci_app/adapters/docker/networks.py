"""The projects' networks: a small bridge each for its builds and for its services, found by label, made where missing.

In none of them do containers reach each other, and the engine keeps its bridges apart. The name of a bridge tells the
host's firewall which packets are a build's. Blocking calls, inside `mapped`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path
from threading import Lock
from typing import Any, Final

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from lci_app.adapters.docker.errors import words_of
from lci_app.core import names
from lci_app.core.subnets import NetworkKind, SeenNetwork, Subnets, interface, interface_prefix, routes_in
from lci_app.interfaces import Trouble

_ROUTES: Final = Path("/proc/net/route")
_BRIDGE: Final = "com.docker.network.bridge.name"
_OPTIONS: Final = {"com.docker.network.bridge.enable_icc": "false"}
_ROLES: Final = {NetworkKind.BUILDS: names.ROLE_BUILD, NetworkKind.SERVICES: names.ROLE_RUNTIME}

_Facts = Mapping[str, Any]


class Networks:
    def __init__(self, client: APIClient, instance: str, subnets: Subnets) -> None:
        self._client = client
        self._instance = instance
        self._subnets = subnets
        # Held from the look to the making, so that builds that start together share one network.
        self._making = Lock()

    def of_project(self, kind: NetworkKind, project_id: int) -> str:
        """Return the id of the project's network of a kind. Raises Trouble("NETWORKS_EXHAUSTED")."""
        with self._making:
            for found in self._listed(project_id):
                if not self._is_as_made(found, kind):
                    continue
                return str(found["Id"])
            return self._make(kind, project_id)

    def remove(self, *, keep: Collection[int]) -> None:
        """Remove every network of projects not in `keep`, and those of `keep` that would not be made so any more.

        One that still holds a container stays, for the next time.
        """
        for found in self._listed():
            project = str(found["Labels"].get(names.LABEL_PROJECT, ""))
            kept = project.isdecimal() and int(project) in keep
            if kept and any(self._is_as_made(found, kind) for kind in NetworkKind):
                continue
            self._remove(found)

    def seen(self) -> list[SeenNetwork]:
        """Return every network of the engine."""
        return [self._seen(found) for found in self._client.networks()]

    def _seen(self, found: _Facts) -> SeenNetwork:
        labels = found["Labels"] or {}
        project = str(labels.get(names.LABEL_PROJECT, ""))
        return SeenNetwork(
            id=str(found["Id"]),
            name=str(found["Name"]),
            interface=str((found["Options"] or {}).get(_BRIDGE, "")),
            subnets=tuple(_subnets_of(found)),
            ours=labels.get(names.LABEL_INSTANCE) == self._instance,
            project_id=int(project) if project.isdecimal() else 0,
        )

    def remove_of(self, project_id: int) -> None:
        for found in self._listed(project_id):
            self._remove(found)

    def _remove(self, found: _Facts) -> None:
        try:
            self._client.remove_network(found["Id"])
        except NotFound:
            return
        except APIError as error:
            if "has active endpoints" not in words_of(error):
                raise

    def _listed(self, project_id: int | None = None) -> Sequence[_Facts]:
        labels = [f"{names.LABEL_INSTANCE}={self._instance}"]
        if project_id is not None:
            labels.append(f"{names.LABEL_PROJECT}={project_id}")
        found: Sequence[_Facts] = self._client.networks(filters={"label": labels})
        return found

    def _is_as_made(self, found: _Facts, kind: NetworkKind) -> bool:
        """Return whether a network has everything that keeps what runs in it apart; one of an older lci may not."""
        options = found["Options"] or {}
        half = self._subnets.half(kind)
        return (
            str(options.get(_BRIDGE, "")).startswith(interface_prefix(kind, self._instance))
            and all(options.get(key) == value for key, value in _OPTIONS.items())
            and not found.get("EnableIPv6")
            and all(IPv4Network(pool["Subnet"]).subnet_of(half) for pool in found["IPAM"]["Config"])
        )

    def _make(self, kind: NetworkKind, project_id: int) -> str:
        taken = [*self._taken_by_networks(), *_routed()]
        for subnet in self._subnets.candidates(kind, project_id):
            if any(subnet.network.overlaps(other) for other in taken):
                continue
            pool = IPAMPool(subnet=str(subnet.network))
            try:
                made = self._client.create_network(
                    names.network(project_id, _ROLES[kind], str(subnet.network), self._instance),
                    driver="bridge",
                    options={**_OPTIONS, _BRIDGE: interface(kind, self._instance, subnet.number)},
                    ipam=IPAMConfig(pool_configs=[pool]),
                    labels=names.labels(instance=self._instance, role=_ROLES[kind], project_id=project_id),
                )
                return str(made["Id"])
            except APIError as error:
                # Another instance was quicker, or one of our networks of another range still has a bridge of that name.
                if "overlap" not in words_of(error) and "conflicts with network" not in words_of(error):
                    raise
        raise Trouble(
            "NETWORKS_EXHAUSTED",
            f"no sub-net of {self._subnets.half(kind)} is free for the project's network: "
            "give lci a larger range, or one that nothing else uses, with --container-range",
        )

    def _taken_by_networks(self) -> Iterator[IPv4Network]:
        for found in self._client.networks():
            yield from _subnets_of(found)


def _routed() -> Iterator[IPv4Network]:
    """Yield the networks that this host has routes to; the engine itself asks nobody where a sub-net is named."""
    try:
        table = _ROUTES.read_text(encoding="ascii")
    except OSError:
        return
    yield from (route.network for route in routes_in(table))


def _subnets_of(found: _Facts) -> Iterator[IPv4Network]:
    for pool in (found["IPAM"] or {}).get("Config") or ():
        with suppress(ValueError, KeyError):
            yield IPv4Network(pool["Subnet"], strict=False)
