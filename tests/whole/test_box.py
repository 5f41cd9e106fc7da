"""Builds that try to get out: over the network, and out of their container. One build runs all the probes.

A probe is a shell command that succeeds where the attack does. Each network probe is also run from a container in
Docker's own network, where it must succeed: one that could reach nothing from anywhere would prove nothing.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import Any

import pytest

from tests.git_server import run_git_server
from tests.whole.listeners import Listeners, open_listeners, stand_ins
from tests.whole.service import IMAGE, Service, engine, instance_of, run_service

METADATA = "169.254.169.254"
# A registry on the local network that builds may use, and what they may not.
ALLOWED = "10.77.77.78"
STAND_INS = (METADATA, "169.254.170.2", "10.77.77.77", ALLOWED, "172.31.77.77", "192.168.77.77", "100.64.77.77")

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can set rules and stand-in addresses"),
]

# What a build tries on targets that really answer: `{host}` and `{port}` are the test's own listeners.
_SPEAK = "echo probe | nc -w 2 {host} {port} | grep -q reached"
_DATAGRAM = "timeout 2 tftp -g -l /dev/null -r datagram-to-{host} {host} {port}; false"
_FETCH = "(printf 'GET /healthz HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n'; sleep 1) | nc -w 2 {host} {port} | grep -q ^HTTP/1"

NETWORK = {
    "the gateway of its network": _SPEAK.format(host="$GATEWAY", port="$PORT"),
    "the gateway of its network by UDP": _DATAGRAM.format(host="$GATEWAY", port="$PORT"),
    "the metadata address": _SPEAK.format(host=METADATA, port="$PORT"),
    "the metadata address by HTTP": _FETCH.format(host=METADATA, port="$PORT"),
    "the metadata address written as a number": _SPEAK.format(host="2852039166", port="$PORT"),
    "the metadata address by UDP": _DATAGRAM.format(host=METADATA, port="$PORT"),
    "another address of the metadata's block": _SPEAK.format(host="169.254.170.2", port="$PORT"),
    "a private address (10/8)": _SPEAK.format(host="10.77.77.77", port="$PORT"),
    "a private address (172.16/12)": _SPEAK.format(host="172.31.77.77", port="$PORT"),
    "a private address (192.168/16)": _SPEAK.format(host="192.168.77.77", port="$PORT"),
    "an address of a provider's network (100.64/10)": _SPEAK.format(host="100.64.77.77", port="$PORT"),
    "the host by its own address": _SPEAK.format(host="$HOST", port="$PORT"),
    "the host by the address of Docker's own bridge": _SPEAK.format(host="$DOCKER0", port="$PORT"),
    "a container in Docker's own network": _FETCH.format(host="$NEIGHBOUR", port="8080"),
    "lci's management port": _FETCH.format(host="$GATEWAY", port="$API_PORT"),
    "lci's management port by the host's address": _FETCH.format(host="$HOST", port="$API_PORT"),
    "lci's proxy": _FETCH.format(host="$GATEWAY", port="$PROXY_PORT"),
}

# From outside a project's networks nobody reaches these: the engine itself sees to it, so that they have no control.
NEIGHBOURS = {
    "another project's service": _FETCH.format(host="$SERVICE", port="$SERVICE_PORT"),
    "another project's service by its published port": _FETCH.format(host="$GATEWAY", port="$PUBLISHED"),
    "another project's service by its name": "nslookup lci-victim-blue 127.0.0.11 | grep -q 'Address.*10[.]213'",
    "another build of the same project": _FETCH.format(host="$SIBLING", port="8080"),
    "the host by IPv6": "echo probe | nc -w 2 fe80::1%eth0 $PORT | grep -q reached",
    "every host of its network by IPv6": "ping6 -c 1 -W 1 ff02::1%eth0",
}


def _rewrite(path: str) -> str:
    """Return what writes to a file of the kernel, and does no harm to the host where it may."""
    return f'old=$(cat {path}) && echo "$old" > {path}'


# Whatever succeeds here, on the day that a wall is missing, must do the host no harm. In a container of Docker's own
# with three capabilities more and without seccomp, about half of these succeed.
ESCAPES = {
    "Docker's socket": "ls /var/run/docker.sock /run/docker.sock 2>/dev/null | grep -q .",
    "any socket of an engine": "find / -xdev -type s 2>/dev/null | grep -q .",
    "mounting a file system": "mkdir -p /tmp/m && mount -t tmpfs none /tmp/m",
    "mounting /proc anew": "mkdir -p /tmp/p && mount -t proc proc /tmp/p",
    "mounting the source so that it can be written": "mount -o remount,rw /app",
    "writing into the source": "touch /app/x",
    "making a device of the host's disk": "mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk",
    "making a device of the host's memory": "mknod /tmp/mem c 1 1 && head -c 1 /tmp/mem",
    "a disk in /dev": "ls /dev | grep -Eq '^(sd|vd|nvme|xvd|dm-|loop|mem|kmem)'",
    "the kernel's memory": "head -c 1 /proc/kcore | grep -q .",
    "the kernel's messages": "dmesg | grep -q . || head -c 1 /dev/kmsg",
    "the program that the kernel runs for a crash": _rewrite("/proc/sys/kernel/core_pattern"),
    "the program that the kernel runs for a device": _rewrite("/sys/kernel/uevent_helper"),
    "the program that the kernel runs for modules": _rewrite("/proc/sys/kernel/modprobe"),
    "the kernel's emergency keys": "echo h > /proc/sysrq-trigger",
    "the release agent of a control group": "echo > /sys/fs/cgroup/memory/release_agent",
    "its own memory limit": "echo -1 > /sys/fs/cgroup/memory/memory.limit_in_bytes",
    "the host's mounts": "nsenter -t 1 -m true",
    "a mount namespace of its own": "unshare -m true",
    "a user namespace of its own": "unshare -r true",
    "a network namespace of its own": "unshare -n true",
    "another root": "chroot / true",
    "the host's processes": "grep -Eq 'dockerd|containerd' /proc/[0-9]*/comm",
    "raw sockets": "ping -c 1 -W 1 127.0.0.1",
    "another address": "ip address add 10.77.77.80/32 dev eth0",
    "another route": "ip route add 10.99.0.0/16 via $GATEWAY",
    "another name of the machine": "hostname pwned",
    "another time": "! date -s @$(date +%s) 2>&1 | grep -q 'not permitted'",
    "more of the processor than others": "renice -n -5 $$",
    "more open files": "ulimit -n 1000000",
    "endless processes": "grep -q max /sys/fs/cgroup/pids/pids.max",
    "new privileges": "grep -q '^NoNewPrivs:.0' /proc/self/status",
    "unfiltered system calls": "grep -q '^Seccomp:.0' /proc/self/status",
    "capabilities beyond the six": "! grep -q '^CapEff:.00000000000000db$' /proc/self/status",
    "lci's own init": "echo x > /sbin/docker-init",
    "loading a module": "modprobe dummy || insmod /tmp/x.ko",
    "what another build keeps": "ls /output/.. | grep -Eq '^[0-9]+$'",
}


def _script(probes: dict[str, str]) -> str:
    """Run every probe by itself, all at the same time, and say how each went."""
    lines = [
        f"( timeout 8 sh -c {quote(command)} >/dev/null 2>&1 && echo GOT {quote(name)} || echo NOT {quote(name)} ) &"
        for name, command in probes.items()
    ]
    return "\n".join([*lines, "wait"])


def _got(log: str) -> set[str]:
    return set(re.findall(r"^GOT (.*)$", log, re.MULTILINE))


@dataclass
class Scene:
    service: Service
    listeners: Listeners
    repository: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service on every address, a victim that is deployed, listeners everywhere, and two containers beside."""
    root = tmp_path_factory.mktemp("box")
    options = ["--api-host", "0.0.0.0", "--proxy-host", "0.0.0.0", "--build-allow", ALLOWED]
    with (
        stand_ins(STAND_INS),
        open_listeners() as listeners,
        run_git_server(root / "git") as git,
        run_service(root / "data", options=options) as service,
    ):
        _use_loopback(service)
        shop = git.create("acme/shop")
        shop.commit({"index.html": "first"}, "Open")
        service.register("victim", shop.url)
        service.succeed("victim")
        neighbour = _beside("bridge")
        try:
            yield Scene(service, listeners, shop.url, _environment(service, listeners, neighbour))
        finally:
            neighbour.remove(force=True)


def _use_loopback(service: Service) -> None:
    service.url = service.url.replace("0.0.0.0", "127.0.0.1")
    service.proxy_url = service.proxy_url.replace("0.0.0.0", "127.0.0.1")


def _beside(network: str) -> Any:
    """Start a web server in a network of the engine's."""
    return engine().containers.run(IMAGE, ["httpd", "-f", "-p", "8080"], detach=True, network=network, init=True)


def _address(container: Any) -> str:
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def _environment(service: Service, listeners: Listeners, neighbour: Any) -> dict[str, str]:
    victim = next(
        each
        for each in engine().containers.list(filters={"label": "lci.role=runtime"})
        if each.labels["lci.instance"] == instance_of(service.data_dir)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))  # sends nothing: it only tells the host's own address
        host = probe.getsockname()[0]
    bridge = engine().networks.get("bridge").attrs["IPAM"]["Config"][0]
    # An engine that has just made its bridge does not name the address: it is the first.
    docker0 = bridge.get("Gateway") or str(next(ipaddress.ip_network(bridge["Subnet"]).hosts()))
    published = service.get("/api/projects/victim/status")["blue"]["port"]
    return {
        "PORT": str(listeners.port),
        "HOST": host,
        "DOCKER0": docker0,
        "NEIGHBOUR": _address(neighbour),
        "SERVICE": _address(victim),
        "SERVICE_PORT": "8080",
        "PUBLISHED": str(published),
        "API_PORT": service.url.rpartition(":")[2],
        "PROXY_PORT": service.proxy_url.rpartition(":")[2],
    }


_GATEWAY = "export GATEWAY=$(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p')\n"


def _build(scene: Scene, name: str, command: str, **environment: str) -> str:
    scene.service.register(name, scene.repository, build_command=command, build_env=scene.environment | environment)
    build = scene.service.build_now(name, deploy=False)
    log = scene.service.log_text(build["id"])
    assert build["status"] == "Success", log
    return log


def _network_of(service: Service, project: str, role: str) -> str:
    labels = [f"lci.instance={instance_of(service.data_dir)}", f"lci.role={role}"]
    project_id = service.get(f"/api/projects/{project}")["id"]
    found = engine().networks.list(filters={"label": [*labels, f"lci.project_id={project_id}"]})
    assert len(found) == 1, found
    return str(found[0].id)


def test_nothing_that_a_build_tries_gets_it_out(scene: Scene) -> None:
    probes = NETWORK | NEIGHBOURS | ESCAPES
    assert len(probes) == 60
    # The first build of the project makes its network, in which a second build's container is put.
    _build(scene, "attacker", "true")
    sibling = _beside(_network_of(scene.service, "attacker", "build"))
    try:
        command = _GATEWAY + _script(probes)
        environment = scene.environment | {"SIBLING": _address(sibling)}
        scene.service.call("PUT", "/api/projects/attacker", {"build_command": command, "build_env": environment})
        build = scene.service.build_now("attacker", deploy=False)
    finally:
        sibling.remove(force=True)
    log = scene.service.log_text(build["id"])
    assert _got(log) == set()
    assert log.count("NOT ") == len(probes), log
    assert scene.listeners.heard == []


def test_what_the_probes_ask_for_would_answer(scene: Scene) -> None:
    """The control: from Docker's own network every network probe of the table reaches its target."""
    before, docker0 = len(scene.listeners.heard), scene.environment["DOCKER0"]
    output = engine().containers.run(
        IMAGE, ["sh", "-c", _GATEWAY + _script(NETWORK)], environment=scene.environment, remove=True, init=True
    )
    got = _got(output.decode())
    by_datagram = {name for name in NETWORK if name.endswith("UDP")}
    assert got == set(NETWORK) - by_datagram
    heard = scene.listeners.heard[before:]
    assert all(any(f"datagram-to-{host}" in words for words in heard) for host in (docker0, METADATA)), heard
    assert heard.count("probe\n") == sum("grep -q reached" in NETWORK[name] for name in got)
    del scene.listeners.heard[before:]


def test_what_is_allowed_is_reached_and_names_are_asked_for(scene: Scene) -> None:
    probes = {"allowed": _SPEAK.format(host=ALLOWED, port="$PORT")}
    assert _got(_build(scene, "allowed", _script(probes))) == {"allowed"}
    scene.listeners.heard.clear()


def test_rules_that_somebody_has_flushed_stand_again_at_the_next_build(scene: Scene) -> None:
    chain = f"LCI-{(instance_of(scene.service.data_dir) or '')[:6]}-INPUT"
    subprocess.run(["iptables", "-w", "5", "-F", chain], check=True)
    probe = {"metadata": NETWORK["the metadata address"], "gateway": NETWORK["the gateway of its network"]}
    log = _build(scene, "flushed", _GATEWAY + _script(probe))
    assert (_got(log), scene.listeners.heard) == (set(), [])


def test_the_service_says_that_builds_are_isolated(scene: Scene) -> None:
    assert scene.service.get("/api/system")["isolation"] == {"status": "enforced", "message": None}


def test_two_instances_on_one_engine_keep_their_own_networks_and_rules(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data_dir = tmp_path_factory.mktemp("other") / "data"
    with run_service(data_dir) as other:
        other.register("victim", scene.repository)
        other.succeed("victim", deploy=False)
        theirs = engine().networks.get(_network_of(other, "victim", "build")).attrs
        ours = engine().networks.get(_network_of(scene.service, "victim", "build")).attrs
        assert theirs["IPAM"]["Config"] != ours["IPAM"]["Config"]
        other.call("DELETE", "/api/projects/victim")
        instance = instance_of(data_dir)
        assert engine().networks.list(filters={"label": f"lci.instance={instance}"}) == []
        rules = subprocess.run(["iptables", "-w", "5", "-S"], check=True, capture_output=True, text=True).stdout
        assert f"LCI-{(instance or '')[:6]}-FORWARD" in rules
    left = subprocess.run(["iptables", "-w", "5", "-S"], check=True, capture_output=True, text=True).stdout
    assert f"LCI-{(instance or '')[:6]}" not in left
    assert f"LCI-{(instance_of(scene.service.data_dir) or '')[:6]}-FORWARD" in left
