"""The rules in the kernel itself; each test is an instance of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from ipaddress import IPv4Network

import pytest

from lci_app.adapters.firewall import HostFirewall
from lci_app.interfaces import Isolated

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can set rules")
ALLOWED = [IPv4Network("10.77.77.0/24")]


def rules(program: str = "iptables") -> list[str]:
    return iptables("-S", program=program).splitlines()


def iptables(*arguments: str, program: str = "iptables") -> str:
    return subprocess.run([program, "-w", "5", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
async def firewall() -> AsyncIterator[HostFirewall]:
    made = HostFirewall(uuid.uuid4().hex, ALLOWED)
    yield made
    await made.clear()


def of(firewall: HostFirewall, program: str = "iptables") -> list[str]:
    return [rule for rule in rules(program) if f"LCI-{firewall._instance[:6]}-" in rule]


@needs_root
@pytest.mark.docker
async def test_the_rules_stand_once_however_often_they_are_asked_for_and_go_without_a_trace(
    firewall: HostFirewall,
) -> None:
    assert await firewall.ensure() == Isolated(enforced=True)
    standing = of(firewall)
    assert await firewall.ensure() == Isolated(enforced=True)
    assert of(firewall) == standing
    assert len([rule for rule in standing if rule.startswith("-A DOCKER-USER ")]) == 1
    assert len([rule for rule in standing if rule.startswith("-A INPUT ")]) == 1
    await firewall.clear()
    assert of(firewall) == of(firewall, "ip6tables") == []


@needs_root
@pytest.mark.docker
@pytest.mark.parametrize("damage", ["-F", "-D", "-I"])
async def test_rules_that_somebody_has_changed_are_set_anew(firewall: HostFirewall, damage: str) -> None:
    await firewall.ensure()
    standing, chain = of(firewall), f"LCI-{firewall._instance[:6]}-FORWARD"
    hook = ["DOCKER-USER", "-i", f"lcib{firewall._instance[:6]}-+", "-j", chain]
    arguments = {"-F": [chain], "-D": hook, "-I": [chain, "1", "-j", "ACCEPT"]}[damage]
    iptables(damage, *arguments)
    assert of(firewall) != standing
    assert await firewall.ensure() == Isolated(enforced=True)
    assert of(firewall) == standing


@needs_root
@pytest.mark.docker
async def test_a_successor_takes_over_the_rules_of_one_that_was_killed(firewall: HostFirewall) -> None:
    await firewall.ensure()
    standing = of(firewall)
    successor = HostFirewall(firewall._instance, ALLOWED)
    assert await successor.ensure() == Isolated(enforced=True)
    assert sorted(of(firewall)) == sorted(standing)


async def test_where_no_rules_can_be_set_it_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    firewall = HostFirewall("0" * 32, [], programs=("no-such-iptables",))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert await firewall.ensure() == Isolated(enforced=False, reason="iptables is not installed")
    assert [record.message.partition(";")[0] for record in caplog.records] == [
        "isolation degraded: iptables is not installed"
    ]
    await firewall.clear()


@needs_root
async def test_an_engine_that_does_without_iptables_is_noticed() -> None:
    # Docker's rules of this kind stand nowhere here, as all of them do where dockerd runs without iptables.
    program = "ip6tables"
    if "-N DOCKER-USER" in rules(program):
        pytest.skip("here Docker sets rules for IPv6, too")
    state = await HostFirewall("0" * 32, [], programs=(program,)).ensure()
    assert not state.enforced
    assert "DOCKER-USER" in state.reason
