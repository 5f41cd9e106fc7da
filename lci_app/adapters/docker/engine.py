"""The Docker engine as the services know it: each call in a thread, each cancellable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

import trio

from lci_app.adapters.docker.builds import AttachedRoom
from lci_app.adapters.docker.follow import followed, lines_of
from lci_app.adapters.docker.held import open_in_thread, run_until_shut
from lci_app.adapters.docker.room import DISCARD_SECONDS
from lci_app.core.masking import NOTHING, Mask
from lci_app.core.registries import registry_of
from lci_app.core.subnets import DEFAULT_RANGE, NetworkKind, SeenNetwork, Subnets
from lci_app.interfaces import (
    AsyncLines,
    AsyncNews,
    ContainerSpec,
    ContainerState,
    EngineFacts,
    OutsideError,
    RegistryLogins,
    Trouble,
)

if TYPE_CHECKING:
    from lci_app.adapters.docker.calls import EngineCalls

# One call: the engine answers in milliseconds; on a host short of memory or disk, creating a container takes seconds.
CALL_SECONDS: Final = 30.0


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


class DockerEngine(AttachedRoom):
    """Fulfils `interfaces.Engine`."""

    async def version(self) -> str:
        calls = await self._connected()
        return await self._run(calls.version)

    async def facts(self) -> EngineFacts:
        calls = await self._connected()
        return await self._run(calls.facts)

    async def ping(self) -> None:
        await self._pulse.ping()

    def watch(self) -> AbstractAsyncContextManager[AsyncNews]:
        return self._pulse.watch()

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

    async def networks(self) -> list[SeenNetwork]:
        calls = await self._connected()
        return await self._run(calls.networks)

    async def remove_networks(self, project_id: int) -> None:
        calls = await self._connected()
        await self._run(partial(calls.remove_networks, project_id))

    async def keep_networks(self, project_ids: Collection[int]) -> None:
        calls = await self._connected()
        await self._run(partial(calls.keep_networks, project_ids))

    # --- services

    async def start(self, spec: ContainerSpec) -> str:
        calls = await self._connected()
        container_id = await self._create(calls, spec, attached=False)
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

    # --- what there is

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
        async with followed(log, mask, self._for_followers) as output:
            yield output
