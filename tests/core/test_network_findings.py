"""Networks: what belongs to nothing, what is missing, and what is in the way."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from lci_app.core.findings import SeenContainer
from lci_app.core.model import Slot, SlotState, SlotStatus
from lci_app.core.network_findings import of_attachments, of_overlaps, of_owners
from lci_app.core.subnets import Route, SeenNetwork
from tests.makers import project

SHOP = project(1, "shop")
OURS = SeenNetwork("n1", "lci-1-runtime", "lcis123456-1", (IPv4Network("10.213.128.32/27"),), ours=True, project_id=1)
THEIRS = SeenNetwork("n2", "compose_default", "br-4711", (IPv4Network("172.18.0.0/16"),), ours=False)
BLUE = SlotState(1, Slot.BLUE, SlotStatus.RUNNING, container_id="c1")
SEEN = SeenContainer("c1", "lci-shop-blue", running=True, role="runtime", project_id=1, build_id=7, networks=["n1"])


def test_a_network_of_no_project_is_an_orphan_and_somebody_elses_is_not() -> None:
    assert list(of_owners([SHOP], [OURS, THEIRS])) == []
    (found,) = of_owners([], [OURS, THEIRS])
    assert (found.code, found.subject) == ("ORPHAN_NETWORK", "lci-1-runtime")


def test_a_version_is_in_a_network_that_is_there() -> None:
    assert list(of_attachments([SHOP], [BLUE], [SEEN], [OURS, THEIRS])) == []
    # One of an older lci runs in the engine's own.
    assert list(of_attachments([SHOP], [BLUE], [replace(SEEN, networks=["n2"])], [THEIRS])) == []
    for container in (SEEN, replace(SEEN, networks=[], running=False)):
        (found,) = of_attachments([SHOP], [BLUE], [container], [THEIRS])
        assert (found.code, found.subject) == ("NETWORK_MISSING", "shop, Blue")
    # A container that is gone is found as that.
    assert list(of_attachments([SHOP], [BLUE], [], [OURS])) == []


def test_addresses_that_something_else_has_too_are_told_once_each() -> None:
    own = Route(OURS.interface, OURS.subnets[0])
    assert list(of_overlaps([OURS, THEIRS], [own, Route("br-4711", THEIRS.subnets[0])])) == []
    wide = replace(THEIRS, subnets=(IPv4Network("10.213.0.0/16"),))
    (found,) = of_overlaps([OURS, wide], [own, Route("br-4711", wide.subnets[0])])
    assert (found.code, found.subject) == ("SUBNET_OVERLAP", "lci-1-runtime")
    assert "10.213.0.0/16, which the network compose_default has" in found.message
    # Another engine's network of the very same addresses, and a tunnel to everything private.
    behind = [Route("lcis999999-1", OURS.subnets[0]), Route("tun0", IPv4Network("10.0.0.0/8"))]
    told = [each.message for each in of_overlaps([OURS], [own, *behind])]
    assert [message.partition("which ")[2] for message in told] == [
        "what lies behind lcis999999-1 has.",
        "what lies behind tun0 has.",
    ]
