"""The host's packet filter, through iptables: an instance's own two chains, and the rules that lead to them."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

import trio

from lci_app.core.build_walls import Walls
from lci_app.core.subnets import NetworkKind, interface_prefix
from lci_app.interfaces import Isolated

# Docker's own rules stand in one of the two; which one its distribution uses, the chain of its users tells.
_PROGRAMS: Final = ("iptables", "iptables-nft", "iptables-legacy")
_DOCKER: Final = "DOCKER-USER"
_PATH: Final = "/usr/sbin:/sbin:/usr/bin:/bin"
# Seconds to wait for others who change rules, and for all of one call.
_LOCK_SECONDS: Final = "5"
_CALL_SECONDS: Final = 10.0
# The second is what systemd-resolved itself asks; the engine uses it where the first names a stub on the host.
_RESOLVERS: Final = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
_NAME_SERVER: Final = re.compile(r"^\s*nameserver\s+(\S+)", re.MULTILINE)
# What may stand before ours: what ends or notes a packet, and what is about the bridges of another instance.
_LETS_NONE_PASS: Final = re.compile(
    r" -j (?:DROP|REJECT|LOG|NFLOG)(?: |$)| -i lcib\w+-\+ -j LCI-\w+-(?:FORWARD|INPUT)$"
)
# Below each bridge, what is plugged into it: a container's end.
_LINKS: Final = Path("/sys/class/net")

_log = logging.getLogger(__name__)


class _CannotError(Exception):
    """The rules cannot be set; the message is a clause that says why."""


@asynccontextmanager
async def open_firewall(instance: str, allowed: Sequence[IPv4Network]) -> AsyncIterator[HostFirewall]:
    """Keep one instance's rules while the block lasts; on leaving they are taken out again, since no build runs.

    A process that is killed leaves them standing; its successor takes them over.
    """
    firewall = HostFirewall(instance, allowed)
    try:
        await firewall.ensure()
        yield firewall
    finally:
        with trio.move_on_after(_CALL_SECONDS, shield=True):
            await firewall.clear()


class HostFirewall:
    """Fulfils `interfaces.Isolation`. Builds may reach the networks in `allowed`, though they are not public."""

    def __init__(self, instance: str, allowed: Sequence[IPv4Network], *, programs: Sequence[str] = _PROGRAMS) -> None:
        self._instance = instance
        self._allowed = tuple(allowed)
        self._programs = programs
        self._limiter = trio.CapacityLimiter(1)
        self._program: str | None = None
        # The rules as they are told back when they stand as they should.
        self._standing: tuple[str, str] | None = None
        self._state = Isolated(enforced=False, reason="the firewall was not asked yet")

    @property
    def state(self) -> Isolated:
        return self._state

    async def ensure(self) -> Isolated:
        before = self._state
        self._state = await trio.to_thread.run_sync(self._ensured, limiter=self._limiter)
        if not self._state.enforced and self._state != before:
            _log.warning(
                "isolation degraded: %s; builds can reach this host and its networks, and lci refuses them at its "
                "own ports only",
                self._state.reason,
            )
        return self._state

    async def look(self, *, standing: bool) -> Isolated:
        return await trio.to_thread.run_sync(self._looked, standing, limiter=self._limiter)

    async def clear(self) -> None:
        """Take this instance's rules out; silent where there are none."""
        await trio.to_thread.run_sync(self._clear, limiter=self._limiter)

    # --- in a thread

    def _ensured(self) -> Isolated:
        try:
            walls = self._walls()
            program = self._chosen()
            standing = self._standing
            if standing is None or self._seen(program, walls) != standing or not self._is_led(program, walls):
                self._set(program, walls)
                self._standing = self._seen(program, walls)
        except _CannotError as error:
            self._standing = None
            return Isolated(enforced=False, reason=str(error))
        return Isolated(enforced=True)

    def _looked(self, standing: bool) -> Isolated:
        try:
            rules, walls = _run(self._chosen(), "-S").splitlines(), self._walls()
        except _CannotError as error:
            return Isolated(enforced=False, reason=str(error))
        wanted = [
            f"-A {hook} -i {walls.bridges} -j {chain}"
            for hook, chain in ((_DOCKER, walls.forward), ("INPUT", walls.input))
        ]
        if standing and not all(rule in rules for rule in wanted):
            return Isolated(enforced=False, reason="the rules that keep builds in are not set")
        return Isolated(enforced=True)

    def _walls(self) -> Walls:
        bridges = interface_prefix(NetworkKind.BUILDS, self._instance)
        return Walls(f"LCI-{self._instance[:6]}", f"{bridges}+", _name_servers(), self._allowed)

    def _chosen(self) -> str:
        """Return the program in whose rules Docker's stand."""
        if self._program is not None:
            return self._program
        reason = "iptables is not installed"
        for program in self._programs:
            if shutil.which(program, path=_PATH) is None:
                continue
            try:
                if f"-N {_DOCKER}" in _run(program, "-S").splitlines():
                    self._program = program
                    return program
                reason = f"Docker's chain {_DOCKER} is not in the rules of {program} (does dockerd run with iptables?)"
            except _CannotError as error:
                reason = str(error)
        raise _CannotError(reason)

    def _set(self, program: str, walls: Walls) -> None:
        _restore(program, walls.rules_4())
        _lead(program, _DOCKER, walls.bridges, walls.forward)
        if not _is_first(_run(program, "-S").splitlines(), "FORWARD", f"-j {_DOCKER}"):
            # Somebody has taken Docker's own rule out, or put theirs before it.
            _lead(program, "FORWARD", walls.bridges, walls.forward)
        _lead(program, "INPUT", walls.bridges, walls.input)
        six = _for_ipv6(program)
        if _has_ipv6():
            _restore(six, walls.rules_6())
            _lead(six, "FORWARD", walls.bridges, walls.forward)
            _lead(six, "INPUT", walls.bridges, walls.input)
        if not self._is_led(program, walls):
            raise _CannotError("somebody else's rules go before those of the builds' networks")

    def _seen(self, program: str, walls: Walls) -> tuple[str, str]:
        """Return our rules as the kernel has them, in both families."""
        return _ours(_run(program, "-S"), walls), _ours(_run(_for_ipv6(program), "-S"), walls) if _has_ipv6() else ""

    def _is_led(self, program: str, walls: Walls) -> bool:
        """Return whether packets of builds come to our chains before anybody lets them pass."""
        through, to_host = (f"-i {walls.bridges} -j {chain}" for chain in (walls.forward, walls.input))
        rules = _run(program, "-S").splitlines()
        by_docker = _is_first(rules, "FORWARD", f"-j {_DOCKER}") and _is_first(rules, _DOCKER, through)
        led = (by_docker or _is_first(rules, "FORWARD", through)) and _is_first(rules, "INPUT", to_host)
        if not _has_ipv6():
            return led
        six = _run(_for_ipv6(program), "-S").splitlines()
        return led and _is_first(six, "FORWARD", through) and _is_first(six, "INPUT", to_host)

    def _clear(self) -> None:
        try:
            chosen = self._chosen()
        except _CannotError:
            return  # where none can be set there are none
        walls = self._walls()
        if any(_LINKS.glob(f"{walls.bridges.removesuffix('+')}*/brif/*")):
            _log.warning("a build's container is still there: the rules that keep it in are left standing")
            return
        for program in (chosen, _for_ipv6(chosen)):
            try:
                rules = _run(program, "-S").splitlines()
                for chain in (walls.forward, walls.input):
                    for rule in rules:
                        if rule.endswith(f" -i {walls.bridges} -j {chain}"):
                            _run(program, "-D", *rule.split()[1:])
                    if f"-N {chain}" in rules:
                        _run(program, "-F", chain)
                        _run(program, "-X", chain)
            except _CannotError as error:
                _log.warning("the rules of the builds' networks are left standing: %s", error)
        self._standing = None


def _ours(rules: str, walls: Walls) -> str:
    wanted = (walls.forward, walls.input)
    return "\n".join(line for line in rules.splitlines() if any(chain in line.split() for chain in wanted))


def _lead(program: str, hook: str, bridges: str, chain: str) -> None:
    """Have `hook` send what comes in by the builds' bridges to `chain` before anything else."""
    rule = ["-i", bridges, "-j", chain]
    rules = _run(program, "-S", hook).splitlines()
    if _is_first(rules, hook, " ".join(rule)):
        return
    for _ in range(rules.count(f"-A {hook} {' '.join(rule)}")):
        _run(program, "-D", hook, *rule)
    _run(program, "-I", hook, "1", *rule)


def _is_first(rules: Sequence[str], hook: str, wanted: str) -> bool:
    """Return whether a hook comes to that rule before any that could let a packet of a build pass."""
    for rule in rules:
        if rule == f"-A {hook} {wanted}":
            return True
        if rule.startswith(f"-A {hook} ") and not _LETS_NONE_PASS.search(rule):
            return False
    return False


def _restore(program: str, rules: str) -> None:
    _run(f"{program}-restore", "--noflush", given=rules)


def _run(program: str, *arguments: str, given: str = "") -> str:
    try:
        done = subprocess.run(
            [program, "-w", _LOCK_SECONDS, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=_CALL_SECONDS,
            env={"PATH": _PATH, "LC_ALL": "C"},
            check=True,
        )
    except subprocess.CalledProcessError as error:
        words = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise _CannotError(f"{program} says: {words[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise _CannotError(f"{program} did not answer within {_CALL_SECONDS:g} s") from error
    except OSError as error:
        raise _CannotError(f"{program} cannot be run: {error.strerror}") from error
    return done.stdout


def _for_ipv6(program: str) -> str:
    return program.replace("iptables", "ip6tables")


def _has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists()


def _name_servers() -> list[IPv4Address]:
    found: dict[IPv4Address, None] = {}
    for path in _RESOLVERS:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for word in _NAME_SERVER.findall(text):
            try:
                found[IPv4Address(word)] = None
            except AddressValueError:
                continue  # an IPv6 one, which no container reaches
    return list(found)
