from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address

import pytest

from lci_app.core.build_walls import Walls


def _walls(*, servers: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> Walls:
    return Walls(
        "LCI-abcdef", "lcibabcdef-+", [IPv4Address(each) for each in servers], [IPv4Network(each) for each in allowed]
    )


def _verdict(rules: str, chain: str, address: str, port: int = 443) -> str:
    """Walk the chain's rules as the kernel does: the first that fits a TCP packet decides."""
    for line in rules.splitlines():
        if not line.startswith(f"-A {chain} "):
            continue
        words = line.split()
        target = words[words.index("-j") + 1]
        if "-d" in words and ip_address(address) not in IPv4Network(words[words.index("-d") + 1]):
            continue
        if "-p" in words and words[words.index("-p") + 1] != "tcp":
            continue
        if "--dport" in words and words[words.index("--dport") + 1] != str(port):
            continue
        return target
    return "RETURN"


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "10.0.0.1", "172.17.0.2", "192.168.1.1", "100.64.0.1", "127.0.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "10.213.128.2", "198.18.0.1"],
)  # fmt: skip
def test_what_is_not_public_is_refused(address):
    walls = _walls()
    assert _verdict(walls.rules_4(), walls.forward, address) == "REJECT"


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "140.82.121.3", "172.15.0.1", "172.32.0.1", "11.0.0.1", "9.255.255.255"]
)
def test_the_public_internet_is_reached_through_the_host_but_never_the_host(address):
    walls = _walls()
    assert _verdict(walls.rules_4(), walls.forward, address) == "RETURN"
    assert _verdict(walls.rules_4(), walls.input, address) == "REJECT"


def test_name_servers_are_asked_for_names_and_for_nothing_else():
    walls = _walls(servers=("192.168.1.1", "169.254.169.254"))
    for chain in (walls.forward, walls.input):
        for server in ("192.168.1.1", "169.254.169.254"):
            assert _verdict(walls.rules_4(), chain, server, 53) == "RETURN"
            assert _verdict(walls.rules_4(), chain, server, 80) == "REJECT"


def test_an_allowed_network_is_reached_and_its_neighbours_are_not():
    walls = _walls(allowed=("10.1.2.0/24",))
    for chain in (walls.forward, walls.input):
        assert _verdict(walls.rules_4(), chain, "10.1.2.3") == "RETURN"
        assert _verdict(walls.rules_4(), chain, "10.1.3.3") == "REJECT"


def test_the_metadata_address_is_not_allowed_along_with_a_larger_network():
    walls = _walls(allowed=("0.0.0.0/0",))
    assert _verdict(walls.rules_4(), walls.forward, "169.254.169.254") == "REJECT"
    assert _verdict(walls.rules_4(), walls.forward, "10.0.0.1") == "RETURN"


def test_nothing_passes_by_ipv6():
    walls = _walls(allowed=("0.0.0.0/0",))
    rules = [line for line in walls.rules_6().splitlines() if line.startswith("-A")]
    assert rules == [
        f"-A {chain} -j REJECT --reject-with icmp6-adm-prohibited" for chain in (walls.forward, walls.input)
    ]
