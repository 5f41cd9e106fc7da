"""What `lci doctor` finds of networks: recorded and observed held against each other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Network

from lci_app.core.findings import Finding, SeenContainer, Severity
from lci_app.core.model import SlotState
from lci_app.core.project import Project
from lci_app.core.subnets import Route, SeenNetwork


def of_owners(projects: Iterable[Project], networks: Iterable[SeenNetwork]) -> Iterator[Finding]:
    """Find networks of ours that belong to no project."""
    known = {project.id for project in projects}
    for network in networks:
        if network.ours and network.project_id not in known:
            yield Finding(
                "ORPHAN_NETWORK",
                Severity.ERROR,
                network.name,
                f"The network {network.name} belongs to no project that is recorded.",
                "The next start of lci removes it, once no container is in it.",
            )


def of_attachments(
    projects: Sequence[Project],
    slots: Iterable[SlotState],
    seen: Iterable[SeenContainer],
    networks: Collection[SeenNetwork],
) -> Iterator[Finding]:
    """Find versions whose container is in no network that is there."""
    names = {project.id: project.name for project in projects}
    there = {network.id for network in networks}
    by_id = {container.id: container for container in seen}
    for state in slots:
        container = by_id.get(state.container_id or "")
        if container is not None and there.isdisjoint(container.networks):
            subject = f"{names.get(state.project_id, state.project_id)}, {state.slot}"
            yield Finding(
                "NETWORK_MISSING",
                Severity.ERROR,
                subject,
                f"The network of {subject} is gone, or somebody took the container {container.name} out of it: "
                "nobody reaches it, and it cannot be started again.",
                "Deploy again or roll back: the network is made anew with the next version.",
            )


def of_overlaps(networks: Sequence[SeenNetwork], routes: Iterable[Route]) -> Iterator[Finding]:
    """Find addresses of our networks that something else has too: containers and host then miss one of the two."""
    ours = [network for network in networks if network.ours]
    bridges = {network.interface for network in ours}
    others = [(f"the network {each.name}", subnet) for each in networks if not each.ours for subnet in each.subnets]
    told = {subnet for _, subnet in others}
    others += [
        (f"what lies behind {route.interface}", route.network)
        for route in routes
        if route.interface not in bridges and route.network not in told
    ]
    for network in ours:
        for who, subnet in others:
            if any(subnet.overlaps(own) for own in network.subnets):
                yield _overlap(network, who, subnet)


def _overlap(network: SeenNetwork, who: str, subnet: IPv4Network) -> Finding:
    own = ", ".join(map(str, network.subnets))
    return Finding(
        "SUBNET_OVERLAP",
        Severity.WARNING,
        network.name,
        f"The addresses of {network.name} ({own}) overlap with {subnet}, which {who} has.",
        "Give lci a range that nothing else uses (--container-range) and restart it: each project's next build and "
        "deployment run in networks of that range.",
    )
