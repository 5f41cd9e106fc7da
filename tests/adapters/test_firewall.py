"""The rules in the kernel itself; each test is an instance of its own."""

from __future__ import annotations

import logging
import os
import subprocess
import uuid
from collections.abc import AsyncIterator, Iterator
from ipaddress import IPv4Network
from pathlib import Path

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


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[str]:
    """A network of its own with rules as Docker sets them; yields the program that changes these."""
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "echo made; exec sleep 1000"], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"made\n"
        for name in ("iptables", "iptables-restore", "ip6tables", "ip6tables-restore"):
            wrapper = tmp_path / name
            wrapper.write_text(f'#!/bin/sh\nexec nsenter --target {holder.pid} --net {name} "$@"\n')
            wrapper.chmod(0o700)
        program = str(tmp_path / "iptables")
        for rule in ("-N DOCKER-USER", "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -j RETURN"):
            iptables(*rule.split(), program=program)
        yield program
        holder.kill()


@needs_root
@pytest.mark.parametrize(
    "damage",
    [
        "-D FORWARD -j DOCKER-USER",
        "-I FORWARD 1 -j ACCEPT",
        "-I FORWARD 1 -o eth0 -j ACCEPT",
        "-I DOCKER-USER 1 -j RETURN",
        "-I DOCKER-USER 1 -s 10.0.0.0/8 -j ACCEPT",
        "-I INPUT 1 -p tcp -j ACCEPT",
    ],
)
async def test_rules_that_nothing_leads_to_any_more_are_led_to_again(alone: str, damage: str) -> None:
    """They stand as they did, and keep nobody from anything."""
    firewall = HostFirewall(uuid.uuid4().hex, ALLOWED, programs=[alone])
    assert await firewall.ensure() == Isolated(enforced=True)
    iptables(*damage.split(), program=alone)
    assert not firewall._is_led(alone, firewall._walls())
    assert await firewall.ensure() == Isolated(enforced=True)
    lead = f"-i lcib{firewall._instance[:6]}-+ -j LCI-{firewall._instance[:6]}-"
    (first, *_) = [rule for rule in rules(alone) if rule.startswith("-A FORWARD ")]
    if first == "-A FORWARD -j DOCKER-USER":
        (first, *_) = [rule for rule in rules(alone) if rule.startswith("-A DOCKER-USER ")]
    assert first.endswith(f"{lead}FORWARD")
    (first, *_) = [rule for rule in rules(alone) if rule.startswith("-A INPUT ")]
    assert first == f"-A INPUT {lead}INPUT"
    assert len(set(of(firewall, alone))) == len(of(firewall, alone)), "each stands once"
    await firewall.clear()
    assert of(firewall, alone) == []


@needs_root
async def test_the_rules_of_several_instances_do_not_stand_in_each_others_way(alone: str) -> None:
    firewalls = [HostFirewall(uuid.uuid4().hex, ALLOWED, programs=[alone]) for _ in range(3)]
    for firewall in firewalls:
        await firewall.ensure()
    iptables("-I", "INPUT", "1", "-p", "icmp", "-j", "DROP", program=alone)
    before = rules(alone)
    for firewall in firewalls:
        assert await firewall.ensure() == Isolated(enforced=True)
    assert rules(alone) == before


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
