"""The Docker engine, and what containers are made of. Errors are those of `outside`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import Stream
from lci_app.core.subnets import NetworkKind, SeenNetwork


@dataclass(frozen=True, slots=True)
class Mount:
    host: Path
    container: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """A container to be made. `command` None means the image's own; `entrypoint` None keeps the image's own."""

    name: str
    image: str
    labels: Mapping[str, str]
    command: Sequence[str] | None = None
    entrypoint: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    mounts: Sequence[Mount] = ()
    working_directory: str | None = None
    # As whom it runs; None is whom the image says.
    user: str | None = None
    memory: int | None = None
    cpus: float | None = None
    # Container port to host port; published on 127.0.0.1 only.
    ports: Mapping[int, int] = field(default_factory=dict)
    # The id of a network of `Engine.project_network`; None is the engine's own, where nothing keeps containers apart.
    network: str | None = None
    # Nothing may be written but in the mounts and in a small /tmp and /run.
    read_only: bool = False
    # Of one that runs attached: its output is kept for whoever goes on with it after a crash of lci.
    resumable: bool = False


@dataclass(frozen=True, slots=True)
class ContainerExit:
    exit_code: int
    out_of_memory: bool


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What the engine says of one of our containers. `health` is the image's own HEALTHCHECK, where it has one."""

    id: str
    name: str
    running: bool
    exit_code: int
    out_of_memory: bool
    health: str | None
    labels: Mapping[str, str]
    started_at: str
    restart_count: int = 0
    # It is held still by somebody: it runs, and does nothing.
    paused: bool = False
    # It has ended, and the engine starts it again by its restart policy.
    restarting: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Whether it was ever started; one that only was created has neither output nor end.
    is_started: bool = True
    # The ids of the networks that it is in, or would be in if it ran.
    networks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """`live_restore`: containers go on running while the engine is restarted. `system_time`: its clock, RFC 3339."""

    version: str
    live_restore: bool
    system_time: str = ""


class ContainerNews(NamedTuple):
    """Something happened to one of our containers: it was started, ended, paused, removed … by whomever."""

    container_id: str
    role: str
    project_id: int
    action: str


class Engine(Protocol):
    """The Docker engine. Finds its objects by label, and never touches one without our `lci.instance`.

    Every call raises Trouble("DOCKER_UNAVAILABLE", …) where the engine does not answer, or answers rubbish.
    """

    async def version(self) -> str: ...

    async def facts(self) -> EngineFacts: ...

    async def ping(self) -> None:
        """Return when the engine has answered on a connection of its own; raises Trouble after PING_SECONDS."""

    def watch(self) -> AbstractAsyncContextManager[AsyncNews]:
        """Open what happens to our containers from now on, in its order; nothing is missed while the block lasts.

        It never ends by itself: going on raises Trouble("DOCKER_UNAVAILABLE") when the engine has ended it.
        """

    async def ensure_image(self, image: str, *, always_pull: bool, progress: Callable[[str], Awaitable[None]]) -> str:
        """Return the id of an image the engine holds, pulled only where it is missing (or `always_pull`).

        Raises Refusal("IMAGE_NOT_FOUND" or "IMAGE_DENIED") where a registry says no, else Trouble("PULL_FAILED").
        """

    async def image_user(self, image: str) -> str:
        """Return as whom containers of an image run that the engine holds, as the image says it; empty is root."""

    async def run_attached(
        self,
        spec: ContainerSpec,
        *,
        on_output: Callable[[Stream, bytes], None],
        on_started: Callable[[str], Awaitable[None]] | None = None,
    ) -> ContainerExit:
        """Create, attach, start, and wait until the container ends; then it is removed, whatever happened.

        `on_output` is called in a thread, with raw bytes as they arrive, one call at a time; while it runs the
        container is held back by its full pipe. Cancellation kills and removes the container within 5 s, shielded.
        """

    async def resume_attached(self, container_id: str, *, on_output: Callable[[Stream, bytes], None]) -> ContainerExit:
        """Attend to a `resumable` container that another lci has started, until it ends; then as `run_attached`.

        `on_output` gets its output from the first byte on. Raises Trouble("CONTAINER_GONE") where there is none.
        """

    async def start(self, spec: ContainerSpec) -> str:
        """Create and start a container in the background; returns its id. On failure nothing is left behind."""

    async def serve_for_good(self, container_id: str) -> None:
        """Set the restart policy `unless-stopped`: the candidate serves now."""

    async def stop(self, container_id: str, *, grace: float = 10.0) -> None:
        """Stop it without removing it; silent when it is gone."""

    async def start_again(self, container_id: str) -> None: ...

    async def restart(self, container_id: str, *, grace: float = 10.0) -> None: ...

    async def remove(self, container_id: str, *, grace: float = 0.0) -> None:
        """Stop it (SIGTERM, then SIGKILL after `grace`) and remove it; returns when it is gone; silent when it was."""

    async def inspect(self, container_id: str) -> ContainerState | None: ...

    async def tail(self, container_id: str, lines: int, mask: Mask = NOTHING) -> list[str]:
        """Return the last lines of its output, standard output and error together, without what `mask` knows."""

    def follow(self, container_id: str, lines: int, mask: Mask = NOTHING) -> AbstractAsyncContextManager[AsyncLines]:
        """Open its output without what `mask` knows: the last `lines`, then what comes, until it ends or the block is
        left."""

    async def project_network(self, project_id: int, kind: NetworkKind) -> str:
        """Return the id of the project's network for its builds or its services, made where it is missing.

        Raises Trouble("NETWORKS_EXHAUSTED") where no sub-net is free.
        """

    async def networks(self) -> list[SeenNetwork]:
        """Return every network of the engine, not ours too."""

    async def remove_networks(self, project_id: int) -> None:
        """Remove the project's networks; one that still holds a container stays."""

    async def keep_networks(self, project_ids: Collection[int]) -> None:
        """Remove our networks of all other projects, and those that this lci would make otherwise."""

    async def list_ours(self, *, build_id: int | None = None) -> list[ContainerState]:
        """Return every container with our `lci.instance` (and of that build), ended ones too."""


class AsyncNews(Protocol):
    def __aiter__(self) -> AsyncNews: ...

    async def __anext__(self) -> ContainerNews: ...


class AsyncLines(Protocol):
    def __aiter__(self) -> AsyncLines: ...

    async def __anext__(self) -> str: ...
