"""What every container is kept in: constants, and the few limits that a project chooses.

The body of the request is made here from nothing; no part of it is ever taken over from what somebody has sent. Of
the engine's options these are never given: privileged, binds, devices, volumes, added capabilities but those below,
and any namespace of the host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from docker import APIClient
from docker.types import LogConfig, Mount, Ulimit

from lci_app.interfaces import ContainerSpec

# What package managers and common server images need as root: to own files, to read and write those of others, and
# to step down to another user.
_KEPT: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID")
# Of a service alone: images that listen on port 80 as another user than root.
_KEPT_BY_SERVICES: Final = (*_KEPT, "NET_BIND_SERVICE")
# Processes and threads. A build of a large Java or Go program has hundreds; a fork bomb ends here.
MAX_PROCESSES: Final = 4096
# An engine that is no full root itself cannot give more than it has: distributions start it with 20,000 and more.
MAX_OPEN_FILES: Final = 16_384
# A container without a limit of its own still leaves this part of the host's memory to everybody else.
_MEMORY_LEFT: Final = 4
# A build without a limit of its own leaves this part of the host's processors to services and to lci.
_CPUS_LEFT: Final = 8
# Weight against the engine's default of 1024: while both want the processor, services go first.
_BUILD_SHARES: Final = 512
# Of a container whose root is read-only: where programs expect to be able to write. Its own, not the host's.
_TMPFS: Final = {
    "/tmp": "rw,nosuid,nodev,size=256m,mode=1777",  # noqa: S108 # nosec B108
    "/run": "rw,nosuid,nodev,size=16m,mode=755",
}

# The engine's copy of the output: bounded, and none of what lci reads attached and keeps whole itself. Writing that
# copy takes the engine twice as long as everything else it does with a line.
_KEPT_LOG: Final = LogConfig(type="json-file", config={"max-size": "10m", "max-file": "3"})
_NO_LOG: Final = LogConfig(type="none")
# Of a build's command the engine's copy is what is gone on with after a crash of lci: raw bytes, not JSON, and as much
# as that needs. What a build prints beyond it starts again instead.
_RESUMABLE_LOG: Final = LogConfig(type="local", config={"max-size": "32m", "max-file": "4", "compress": "false"})


def _log_of(spec: ContainerSpec, *, attached: bool) -> LogConfig:
    if not attached:
        return _KEPT_LOG
    return _RESUMABLE_LOG if spec.resumable else _NO_LOG


@dataclass(frozen=True, slots=True)
class Host:
    """What the engine's host has: bytes of memory, and processors."""

    memory: int
    cpus: int


def host_options(client: APIClient, spec: ContainerSpec, *, attached: bool, host: Host) -> dict[str, Any]:
    """Return the container's HostConfig: a build's where it runs `attached`, else a service's."""
    memory = spec.memory or host.memory - host.memory // _MEMORY_LEFT
    cpus = spec.cpus or (host.cpus - host.cpus / _CPUS_LEFT if attached else None)
    options: dict[str, Any] = client.create_host_config(
        init=True,
        privileged=False,
        cap_drop=["ALL"],
        cap_add=list(_KEPT if attached else _KEPT_BY_SERVICES),
        # The engine's own seccomp profile holds as long as no other is named.
        security_opt=["no-new-privileges:true"],
        ipc_mode="private",
        network_mode=spec.network,
        pids_limit=MAX_PROCESSES,
        ulimits=[
            Ulimit(name="nofile", soft=MAX_OPEN_FILES, hard=MAX_OPEN_FILES),
            Ulimit(name="core", soft=0, hard=0),
        ],
        mounts=[
            Mount(target=mount.container, source=str(mount.host), type="bind", read_only=mount.read_only)
            for mount in spec.mounts
        ],
        read_only=spec.read_only,
        tmpfs=_TMPFS if spec.read_only else None,
        log_config=_log_of(spec, attached=attached),
        restart_policy={"Name": "no"},
        port_bindings={inner: ("127.0.0.1", outer) for inner, outer in spec.ports.items()},
        nano_cpus=None if cpus is None else round(cpus * 1e9),
        cpu_shares=_BUILD_SHARES if attached else None,
        mem_limit=memory,
        # As much as memory alone: no swap, so that the limit is the limit.
        memswap_limit=memory,
    )
    return options
