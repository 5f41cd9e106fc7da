"""Containers that run attached: started, or gone on with, and attended to until they end; then they are removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import trio

from lci_app.adapters.docker.held import open_in_thread, open_plain_nursery, run_until_shut
from lci_app.adapters.docker.room import DISCARD_SECONDS, EngineRoom
from lci_app.core.model import Stream
from lci_app.interfaces import ContainerExit, ContainerSpec, Refusal, Trouble

if TYPE_CHECKING:
    from lci_app.adapters.docker.attach import Attached
    from lci_app.adapters.docker.calls import EngineCalls


class AttachedRoom(EngineRoom):
    async def run_attached(
        self,
        spec: ContainerSpec,
        *,
        on_output: Callable[[Stream, bytes], None],
        on_started: Callable[[str], Awaitable[None]] | None = None,
    ) -> ContainerExit:
        async with self._created(spec) as (calls, container_id):
            attached = await open_in_thread(partial(calls.open_attached, container_id), self._for_builds)
            cuts = self._pulse.cuts
            try:
                exit_code = await self._attend(attached, on_output, partial(self._launch, container_id, on_started))
            finally:
                attached.close()
            ended = await self._exit_of(container_id, exit_code, cuts)
            missing = attached.missing_program() if exit_code == 127 else None
            if missing is not None:
                raise Refusal("COMMAND_NOT_FOUND", f"the image {spec.image} cannot run {missing}")
            return ended

    async def resume_attached(self, container_id: str, *, on_output: Callable[[Stream, bytes], None]) -> ContainerExit:
        try:
            calls = await self._connected()
            resumed = await open_in_thread(partial(calls.open_resumed, container_id), self._for_builds)
            cuts = self._pulse.cuts
            try:
                exit_code = await run_until_shut(resumed, partial(resumed.read, on_output), self._for_builds)
            finally:
                resumed.close()
            return await self._exit_of(container_id, exit_code, cuts)
        finally:
            with trio.move_on_after(DISCARD_SECONDS, shield=True):
                await self._discard(container_id)

    async def _exit_of(self, container_id: str, exit_code: int, cuts: int) -> ContainerExit:
        await self._pulse.believe(exit_code, f"container {container_id[:12]}", cuts)
        state = await self.inspect(container_id)
        if state is None:
            raise Trouble("CONTAINER_GONE", f"somebody else removed container {container_id[:12]} while it ran")
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
        container_id = await self._create(calls, spec, attached=True)
        try:
            yield calls, container_id
        finally:
            with trio.move_on_after(DISCARD_SECONDS, shield=True):
                await self._discard(container_id)
