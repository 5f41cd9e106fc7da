from __future__ import annotations

from ipaddress import IPv4Network
from itertools import islice

from lci_app.core.subnets import DEFAULT_RANGE, NetworkKind, Route, Subnets, interface, interface_prefix, routes_in

SUBNETS = Subnets(IPv4Network(DEFAULT_RANGE))


def test_builds_and_services_never_share_an_address():
    assert not SUBNETS.half(NetworkKind.BUILDS).overlaps(SUBNETS.half(NetworkKind.SERVICES))
    for kind in NetworkKind:
        assert all(each.network.subnet_of(SUBNETS.half(kind)) for each in SUBNETS.candidates(kind, 7))


def test_every_subnet_is_offered_once_and_each_project_begins_with_its_own():
    offered = [each.network for each in SUBNETS.candidates(NetworkKind.BUILDS, 3)]
    assert len(set(offered)) == len(offered) == 1024
    first = [next(iter(SUBNETS.candidates(NetworkKind.BUILDS, project))).network for project in range(1, 1025)]
    assert len(set(first)) == 1024


def test_a_project_beyond_the_last_subnet_begins_anew():
    first, second = islice(SUBNETS.candidates(NetworkKind.SERVICES, 5 + 1024), 2)
    assert (first.number, second.number) == (5, 6)


def test_the_smallest_range_has_one_network_of_each_kind():
    small = Subnets(IPv4Network("192.168.9.0/26"))
    assert [str(each.network) for each in small.candidates(NetworkKind.BUILDS, 9)] == ["192.168.9.0/27"]
    assert [str(each.network) for each in small.candidates(NetworkKind.SERVICES, 9)] == ["192.168.9.32/27"]


def test_the_kernel_takes_every_bridges_name():
    widest = Subnets(IPv4Network("10.0.0.0/8"))
    last = max(each.number for each in widest.candidates(NetworkKind.BUILDS, 1))
    name = interface(NetworkKind.BUILDS, "0123456789abcdef", last)
    assert len(name) <= 15
    assert name.startswith(interface_prefix(NetworkKind.BUILDS, "0123456789abcdef"))
    assert interface_prefix(NetworkKind.BUILDS, "ffffff") != interface_prefix(NetworkKind.SERVICES, "ffffff")


def test_routes_are_read_as_linux_tells_them():
    table = (
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "lcib32b6f6-1\t2000D50A\t00000000\t0001\t0\t0\t0\tE0FFFFFF\t0\t0\t0\n"
    )
    assert list(routes_in(table)) == [Route("lcib32b6f6-1", IPv4Network("10.213.0.32/27"))]
