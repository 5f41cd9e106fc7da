"""What the services need from the outside, as protocols: adapters and the data plane fulfil them, `app` joins them.

Here are the data plane and the host; `source`, `engine`, `logs` and `store` have files of their own. What all of them
fail with is in `core.outside`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lci_app.core.disk import Disk
from lci_app.core.outside import DrainReceipt
from lci_app.core.routing import RouteTable
from lci_app.core.subnets import Route
from lci_app.core.traffic import Traffic


class Proxy(Protocol):
    @property
    def address(self) -> tuple[str, int]: ...

    async def publish(self, table: RouteTable) -> None:
        """Give the table to every worker; returns when each has acknowledged that it serves by it."""

    async def drain(self, upstream_id: int, timeout: float) -> DrainReceipt | None:
        """Wait until no request is in flight on that version, cutting what is left after `timeout` seconds.

        Its receipt is None where nobody saw the version lose its traffic, as after a restart of the whole data plane.
        """

    async def traffic(self) -> Traffic:
        """Return what it has carried, and what it is carrying."""


class Clock(Protocol):
    def now(self) -> str:
        """Return the wall time as a Timestamp."""

    def seconds(self) -> float:
        """Return seconds of a clock that never jumps, for durations."""


@dataclass(frozen=True, slots=True)
class HealthReply:
    status: int | None
    error: str | None
    ms: float
    body: str


class HealthProbe(Protocol):
    async def get(self, url: str, timeout: float) -> HealthReply:
        """Ask once, follow nothing, read at most a few hundred bytes of the body; never raises."""


class Ports(Protocol):
    async def is_free(self, port: int) -> bool:
        """Return whether 127.0.0.1:port could be listened on now."""


class Workspace(Protocol):
    """Directories below the data directory, made 0700 and removed whole, never through a symlink."""

    def path(self, relative: str) -> Path: ...

    async def make(self, relative: str, *, mode: int = 0o700) -> Path: ...

    async def remove(self, relative: str) -> int:
        """Remove the tree; returns the bytes freed, 0 when there was none."""

    async def size(self, relative: str) -> int: ...

    async def children(self, relative: str) -> list[str]: ...

    async def is_directory(self, relative: str) -> bool: ...

    async def is_file(self, relative: str) -> bool:
        """Return whether a regular file is there, reached through no link."""

    async def open_up(self, relative: str) -> None:
        """Let every user read and write all in the directory, so that a container may that runs as any of them."""

    async def read_text(self, relative: str, *, limit: int) -> str | None:
        """Return a regular file's text; None where there is none. Refusal where it is a link, too long or not UTF-8."""

    async def holds(self, path: str) -> bool:
        """Return whether a path of the host, by whatever links and mounts, leads to what lci keeps for itself."""


@dataclass(frozen=True, slots=True)
class Isolated:
    """Whether builds are kept from the host and its networks; where not, `reason` is a clause that says why."""

    enforced: bool
    reason: str = ""


class Isolation(Protocol):
    """The walls round the builds' networks that the engine does not build itself."""

    @property
    def state(self) -> Isolated:
        """What `ensure` found last."""

    async def look(self, *, standing: bool) -> Isolated:
        """Return whether the walls could be set up, or (`standing`) stand; changes nothing, never raises."""

    async def ensure(self) -> Isolated:
        """See to it that the walls stand; never raises. What cannot be set up is told, and logged once."""


class HostFacts(Protocol):
    """What the host says of the data directory."""

    @property
    def place(self) -> str:
        """The data directory's path."""

    def disk(self) -> Disk: ...

    def routes(self) -> Sequence[Route]:
        """Return what this host reaches by which interface; empty where it does not say."""

    def open_to_others(self) -> list[str]:
        """Return the paths that others than lci's user may read or write, and should not."""


class DataDisk(Protocol):
    """The disk that holds the data directory. Raises Trouble("DISK_FULL" · "DISK_READ_ONLY" · "DISK_IO")."""

    @property
    def place(self) -> str: ...

    async def look(self) -> Disk: ...

    async def prove(self) -> None:
        """Write a little, durably, and remove it."""


class Notice(Protocol):
    """Wakes whoever waits. `ring` may be called from the event loop only."""

    def ring(self) -> None: ...
