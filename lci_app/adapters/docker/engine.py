"""The Docker engine as the services know it: each call in a thread, each cancellable."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final, TypeVar

import trio

from lci_app.adapters.docker.follow import FollowedLines, lines_of, read_lines
from lci_app.adapters.docker.held import open_in_thread, open_plain_nursery, run_until_shut
from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import Stream
from lci_app.core.registries import registry_of
from lci_app.core.subnets import DEFAULT_RANGE, NetworkKind, Subnets
from lci_app.interfaces import (
    AsyncLines,
    ContainerExit,
    ContainerSpec,
    ContainerState,
    EngineFacts,
    OutsideError,
    Refusal,
    RegistryLogins,
    Trouble,
)

if TYPE_CHECKING:
    from lci_app.adapters.docker.attach import Attached
    from lci_app.adapters.docker.calls import EngineCalls

# One call: the engine answers in milliseconds; on a host short of memory or disk, creating a container takes seconds.
CALL_SECONDS: Final = 30.0
# What a build leaves behind is gone within this time, also when the build was cancelled.
DISCARD_SECONDS: Final = 5.0
_CALLS: Final = 32
# Each follower holds a thread for as long as somebody watches.
_FOLLOWERS: Final = 256
_BATCHES: Final = 16

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@asynccontextmanager
async def open_engine(
    docker_host: str | None,
    instance: str,
    *,
    container_range: IPv4Network | None = None,
    logins: RegistryLogins | None = None,
    call_seconds: float = CALL_SECONDS,
) -> AsyncIterator[DockerEngine]:
    """Open the engine at `docker_host` (`unix://` or `tcp://`; None is the local socket) for one instance of lci.

    The projects' networks are made in `container_range`; images are pulled by `logins`.
    Nothing is asked before the first call, so that an engine that is down or slow does not stand in the way here.
    """
    subnets = Subnets(container_range or IPv4Network(DEFAULT_RANGE))
    engine = DockerEngine(docker_host, instance, subnets, logins, call_seconds)
    try:
        yield engine
    finally:
        engine.close()


class DockerEngine:
    """Fulfils `interfaces.Engine`."""

    def __init__(
        self, docker_host: str | None, instance: str, subnets: Subnets, logins: RegistryLogins | None, seconds: float
    ) -> None:
        self._docker_host = docker_host
        self._instance = instance
        self._subnets = subnets
        self._logins = logins
        self._call_seconds = seconds
        self._calls: EngineCalls | None = None
        # Each kind of work has its own, so that no number of builds or followers keeps a short call waiting.
        self._for_calls = trio.CapacityLimiter(_CALLS)
        self._for_builds = trio.CapacityLimiter(math.inf)
        self._for_followers = trio.CapacityLimiter(_FOLLOWERS)

    def close(self) -> None:
        if self._calls is not None:
            self._calls.close()

    async def version(self) -> str:
        calls = await self._connected()
        return await self._run(calls.version)

    async def facts(self) -> EngineFacts:
        calls = await self._connected()
        return await self._run(calls.facts)

    # --- images

    async def ensure_image(self, image: str, *, always_pull: bool, progress: Callable[[str], Awaitable[None]]) -> str:
        calls = await self._connected()
        if not always_pull:
            held_already = await self._run(partial(calls.image_id, image))
            if held_already is not None:
                return held_already
        await self._pull(calls, image, progress)
        pulled = await self._run(partial(calls.image_id, image))
        if pulled is None:
            raise Trouble("PULL_FAILED", f"the image {image} was pulled, but the engine does not hold it")
        return pulled

    async def image_user(self, image: str) -> str:
        calls = await self._connected()
        return await self._run(partial(calls.image_user, image))

    async def _pull(self, calls: EngineCalls, image: str, progress: Callable[[str], Awaitable[None]]) -> None:
        from lci_app.adapters.docker.images import read_pull  # noqa: PLC0415 - brings the SDK

        login = await self._logins.registry_login(registry_of(image)) if self._logins is not None else None
        # Neither the engine nor the registry has a reason to say it back; the log would keep it, if one did.
        mask = Mask([login.password]) if login is not None else NOTHING
        try:
            pull = await open_in_thread(partial(calls.open_pull, image, login), self._for_builds)
            try:
                read = partial(read_pull, pull, image, lambda line: trio.from_thread.run(progress, mask.in_text(line)))
                await run_until_shut(pull, read, self._for_builds)
            finally:
                pull.close()
        except OutsideError as error:
            raise type(error)(error.code, mask.in_text(str(error))) from None

    # --- networks

    async def project_network(self, project_id: int, kind: NetworkKind) -> str:
        calls = await self._connected()
        return await self._run(partial(calls.project_network, project_id, kind))

    async def remove_networks(self, project_id: int) -> None:
        calls = await self._connected()
        await self._run(partial(calls.remove_networks, project_id))

    async def keep_networks(self, project_ids: Collection[int]) -> None:
        calls = await self._connected()
        await self._run(partial(calls.keep_networks, project_ids))

    # --- builds

    async def run_attached(
        self,
        spec: ContainerSpec,
        *,
        on_output: Callable[[Stream, bytes], None],
        on_started: Callable[[str], Awaitable[None]] | None = None,
    ) -> ContainerExit:
        async with self._created(spec) as (calls, container_id):
            attached = await open_in_thread(partial(calls.open_attached, container_id), self._for_builds)
            try:
                exit_code = await self._attend(attached, on_output, partial(self._launch, container_id, on_started))
            finally:
                attached.close()
            state = await self.inspect(container_id)
            if state is None:
                raise Trouble("CONTAINER_GONE", f"somebody else removed the container {spec.name} while it ran")
            missing = attached.missing_program() if exit_code == 127 else None
            if missing is not None:
                raise Refusal("COMMAND_NOT_FOUND", f"the image {spec.image} cannot run {missing}")
            return ContainerExit(exit_code, state.out_of_memory)

    async def _attend(
        self, attached: Attached, on_output: Callable[[Stream, bytes], None], launch: Callable[[], Awaitable[None]]
    ) -> int:
        """Launch the container while its output is read; returns its exit code when all of it was delivered."""
        async with open_plain_nursery() as nursery:
            nursery.start_soon(launch)
            return await run_until_shut(attached, partial(attached.read, on_output), self._for_builds)

    async def _launch(self, container_id: str, on_started: Callable[[str], Awaitable[None]] | None) -> None:
        calls = await self._connected()
        await self._run(partial(calls.start, container_id))
        if on_started is not None:
            await on_started(container_id)

    @asynccontextmanager
    async def _created(self, spec: ContainerSpec) -> AsyncIterator[tuple[EngineCalls, str]]:
        """Create a container that is removed again when the block is left."""
        calls = await self._connected()
        # Not abandoned by a cancellation: its id is needed to remove it.
        create = partial(calls.create, spec, attached=True)
        container_id = await trio.to_thread.run_sync(create, limiter=self._for_calls)
        try:
            yield calls, container_id
        finally:
            with trio.move_on_after(DISCARD_SECONDS, shield=True):
                await self._discard(container_id)

    async def _discard(self, container_id: str) -> None:
        """Remove what is of no use any more; where that fails, its label tells the next clean-up whose it is."""
        try:
            await self.remove(container_id)
        except OutsideError as error:
            _log.warning("container %s could not be removed: %s", container_id[:12], error)
        except trio.Cancelled:
            _log.warning("container %s is not removed yet after %g s", container_id[:12], DISCARD_SECONDS)
            raise

    # --- services

    async def start(self, spec: ContainerSpec) -> str:
        calls = await self._connected()
        create = partial(calls.create, spec, attached=False)
        container_id = await trio.to_thread.run_sync(create, limiter=self._for_calls)
        try:
            await self._run(partial(calls.start, container_id))
        except BaseException:
            with trio.move_on_after(DISCARD_SECONDS, shield=True):
                await self._discard(container_id)
            raise
        return container_id

    async def serve_for_good(self, container_id: str) -> None:
        calls = await self._connected()
        await self._run(partial(calls.serve_for_good, container_id))

    async def stop(self, container_id: str, *, grace: float = 10.0) -> None:
        calls = await self._connected()
        await self._run(partial(calls.stop, container_id, grace))

    async def start_again(self, container_id: str) -> None:
        calls = await self._connected()
        await self._run(partial(calls.start_again, container_id))

    async def restart(self, container_id: str, *, grace: float = 10.0) -> None:
        calls = await self._connected()
        await self._run(partial(calls.restart, container_id, grace))

    async def remove(self, container_id: str, *, grace: float = 0.0) -> None:
        calls = await self._connected()
        await self._run(partial(calls.remove, container_id, grace))

    # --- what there is

    async def inspect(self, container_id: str) -> ContainerState | None:
        calls = await self._connected()
        return await self._run(partial(calls.inspect, container_id))

    async def list_ours(self, *, build_id: int | None = None) -> list[ContainerState]:
        calls = await self._connected()
        return await self._run(partial(calls.list_ours, build_id))

    async def tail(self, container_id: str, lines: int, mask: Mask = NOTHING) -> list[str]:
        calls = await self._connected()
        return await self._run(lambda: lines_of(mask.in_bytes(calls.tail(container_id, lines)))[-lines:])

    @asynccontextmanager
    async def follow(self, container_id: str, lines: int, mask: Mask = NOTHING) -> AsyncIterator[AsyncLines]:
        calls = await self._connected()
        log = await open_in_thread(partial(calls.open_log, container_id, lines), self._for_calls)
        sending, receiving = trio.open_memory_channel[list[str]](_BATCHES)
        if log is None:
            sending.close()
            yield FollowedLines(receiving)
            return

        async def read() -> None:
            async with sending:
                give = partial(read_lines, log, mask, lambda batch: trio.from_thread.run(sending.send, batch))
                await run_until_shut(log, give, self._for_followers)

        try:
            async with open_plain_nursery() as nursery:
                nursery.start_soon(read)
                yield FollowedLines(receiving)
                nursery.cancel_scope.cancel()
        finally:
            log.close()

    # --- threads

    async def _run(self, call: Callable[[], _T]) -> _T:
        """Run a short call. A cancellation does not wait for it: the thread goes on by itself until the call ends."""
        return await trio.to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._for_calls)

    async def _connected(self) -> EngineCalls:
        return self._calls or self._keep(await open_in_thread(self._connect, self._for_calls))

    def _keep(self, fresh: EngineCalls) -> EngineCalls:
        """Keep the first connection of those that were begun at the same time."""
        if self._calls is None:
            self._calls = fresh
        else:
            fresh.close()
        return self._calls

    def _connect(self) -> EngineCalls:
        from lci_app.adapters.docker.calls import EngineCalls  # noqa: PLC0415 - takes 0.1 s: not at the start

        return EngineCalls(self._docker_host, self._instance, self._subnets, limit=self._call_seconds)
