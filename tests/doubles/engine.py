"""An engine in memory that keeps what `interfaces.Engine` promises, by the same exam as the real one.

    world = EngineWorld()
    engine = EngineDouble(world, "instance-a")
    world.scripts["make"] = Script(output=[(Stream.STDOUT, b"done\n")], exit_code=0)

Two doubles of one world are two instances of lci on one engine. What a container does is looked up by the last word of
its command (or of its entry point); without a script it runs until it is stopped.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import trio

from lci_app.core import names
from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import Stream
from lci_app.core.subnets import NetworkKind, SeenNetwork
from lci_app.interfaces import (
    AsyncLines,
    AsyncNews,
    ContainerExit,
    ContainerNews,
    ContainerSpec,
    ContainerState,
    EngineFacts,
    OutsideError,
    Refusal,
    Trouble,
)

STARTED_AT = "2026-01-02T03:04:05.678Z"
KILLED = 137
TERMINATED = 143
# The network of containers that name none.
ENGINES_OWN = "bridge"


@dataclass(frozen=True, slots=True)
class Script:
    """What a container writes, and how it ends; `exit_code` None means that it runs until it is stopped."""

    output: Sequence[tuple[Stream, bytes]] = ()
    exit_code: int | None = None
    out_of_memory: bool = False
    # Raised by the start, such as Refusal("COMMAND_NOT_FOUND", …).
    start_error: OutsideError | None = None


@dataclass
class Container:
    """One container of the world. Tests may look at it, `write` into its output and `end` it."""

    id: str
    name: str
    spec: ContainerSpec
    script: Script
    running: bool = False
    started: bool = False
    removed: bool = False
    exit_code: int = 0
    out_of_memory: bool = False
    health: str | None = None
    restart_policy: str = "no"
    restarts: int = 0
    log: bytes = b""
    changed: trio.Event = field(default_factory=trio.Event)
    paused: bool = False
    lives: int = 0
    # Told what happens to it.
    tell: Callable[[Container, str], None] = lambda *_: None

    def write(self, data: bytes) -> None:
        self.log += data
        self._ring()

    def end(self, exit_code: int, *, out_of_memory: bool = False) -> None:
        self.running, self.exit_code, self.out_of_memory = False, exit_code, out_of_memory
        self._ring()
        self.tell(self, "die")

    def pause(self, *, paused: bool = True) -> None:
        self.paused = paused
        self.tell(self, "pause" if paused else "unpause")

    def remove(self) -> None:
        if self.running:
            self.end(KILLED)
        self.removed = True
        self._ring()
        self.tell(self, "destroy")

    def _ring(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    def state(self) -> ContainerState:
        return ContainerState(
            id=self.id,
            name=self.name,
            running=self.running,
            exit_code=self.exit_code,
            out_of_memory=self.out_of_memory,
            health=self.health,
            labels=dict(self.spec.labels),
            # Later lives are later than any clock of a test.
            started_at=STARTED_AT if self.lives < 2 else f"2030-01-01T00:00:{self.lives:02}.000Z",
            paused=self.paused,
            restart_count=self.restarts,
            environment=dict(self.spec.environment),
            is_started=self.started,
            networks=[self.spec.network or ENGINES_OWN],
        )


@dataclass
class EngineWorld:
    """What one engine holds. `registry` is what can be pulled: an image's name to its id, or to the registry's no."""

    images: dict[str, str] = field(default_factory=dict)
    registry: dict[str, str | OutsideError] = field(default_factory=dict)
    # As whom an image's containers run; root where it is not named.
    users: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, Script] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)
    networks: dict[tuple[str, int, NetworkKind], str] = field(default_factory=dict)
    # The addresses of a network, by its id, where a test minds.
    subnets: dict[str, IPv4Network] = field(default_factory=dict)
    # While set, nothing answers.
    down: bool = False
    # How often somebody opened the news; who listens, by instance.
    watches: int = 0
    listeners: list[tuple[str, trio.MemorySendChannel[ContainerNews]]] = field(default_factory=list)

    def tell(self, container: Container, action: str) -> None:
        labels = container.spec.labels
        news = ContainerNews(container.id, labels[names.LABEL_ROLE], int(labels[names.LABEL_PROJECT] or 0), action)
        for instance, listener in self.listeners:
            if instance == labels[names.LABEL_INSTANCE]:
                listener.send_nowait(news)

    def cut(self) -> None:
        """Break every stream of news off, as an engine that ends."""
        for _, listener in self.listeners:
            listener.close()
        self.listeners.clear()

    def named(self, name: str) -> Container | None:
        return next((each for each in self.containers.values() if each.name == name), None)


class EngineDouble:
    """One instance's engine. `run_blocking` is how `on_output` is called: in a thread, or inline under a fake clock."""

    def __init__(
        self,
        world: EngineWorld,
        instance: str,
        *,
        run_blocking: Callable[..., Awaitable[object]] = trio.to_thread.run_sync,
    ) -> None:
        self._world = world
        self._instance = instance
        self._run_blocking = run_blocking

    async def version(self) -> str:
        await self._answer()
        return "double"

    async def facts(self) -> EngineFacts:
        await self._answer()
        return EngineFacts("20.10.24", live_restore=True)

    async def ping(self) -> None:
        await self._answer()

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncNews]:
        await self._answer()
        sending, receiving = trio.open_memory_channel[ContainerNews](math.inf)
        self._world.watches += 1
        self._world.listeners.append((self._instance, sending))
        try:
            yield _Feed(receiving)
        finally:
            sending.close()
            self._world.listeners = [each for each in self._world.listeners if each[1] is not sending]

    async def ensure_image(self, image: str, *, always_pull: bool, progress: Callable[[str], Awaitable[None]]) -> str:
        await self._answer()
        if always_pull or image not in self._world.images:
            found = self._world.registry.get(image)
            if found is None:
                raise Refusal("IMAGE_NOT_FOUND", f"the image {image} is not there to be pulled")
            if isinstance(found, OutsideError):
                raise found
            await progress(f"Pulling {image}")
            self._world.images[image] = found
        return self._world.images[image]

    async def image_user(self, image: str) -> str:
        await self._answer()
        return self._world.users.get(image, "")

    async def run_attached(
        self,
        spec: ContainerSpec,
        *,
        on_output: Callable[[Stream, bytes], None],
        on_started: Callable[[str], Awaitable[None]] | None = None,
    ) -> ContainerExit:
        container = await self._create(spec)
        try:
            self._start(container)
            if on_started is not None:
                await on_started(container.id)
            return await self._attend(container, on_output)
        finally:
            self._forget(container)

    async def resume_attached(self, container_id: str, *, on_output: Callable[[Stream, bytes], None]) -> ContainerExit:
        container = await self._present(container_id)
        try:
            return await self._attend(container, on_output)
        finally:
            self._forget(container)

    async def _attend(self, container: Container, on_output: Callable[[Stream, bytes], None]) -> ContainerExit:
        for stream, data in container.script.output:
            await self._run_blocking(on_output, stream, data)
        if container.running and container.script.exit_code is not None:
            container.end(container.script.exit_code, out_of_memory=container.script.out_of_memory)
        while container.running:
            await container.changed.wait()
        if container.removed:
            raise Trouble("CONTAINER_GONE", f"somebody else removed the container {container.name} while it ran")
        return ContainerExit(container.exit_code, container.out_of_memory)

    async def start(self, spec: ContainerSpec) -> str:
        container = await self._create(spec)
        try:
            self._start(container)
        except OutsideError:
            self._forget(container)
            raise
        self._play(container)
        return container.id

    async def serve_for_good(self, container_id: str) -> None:
        (await self._present(container_id)).restart_policy = "unless-stopped"

    async def stop(self, container_id: str, *, grace: float = 10.0) -> None:
        container = await self._ours(container_id)
        if container is not None and container.running:
            container.end(TERMINATED if grace > 0 else KILLED)

    async def start_again(self, container_id: str) -> None:
        container = await self._present(container_id)
        if not container.running:
            self._start(container)
            self._play(container)

    async def restart(self, container_id: str, *, grace: float = 10.0) -> None:
        container = await self._present(container_id)
        await self.stop(container_id, grace=grace)
        self._start(container)
        self._play(container)

    async def remove(self, container_id: str, *, grace: float = 0.0) -> None:
        del grace
        container = await self._ours(container_id)
        if container is not None:
            self._forget(container)

    async def inspect(self, container_id: str) -> ContainerState | None:
        await self._answer()
        container = self._world.containers.get(container_id)
        return container.state() if container is not None and self._is_ours(container) else None

    async def tail(self, container_id: str, lines: int, mask: Mask = NOTHING) -> list[str]:
        container = await self._ours(container_id)
        return [] if container is None else _lines(mask.in_bytes(container.log))[-lines:]

    @asynccontextmanager
    async def follow(self, container_id: str, lines: int, mask: Mask = NOTHING) -> AsyncIterator[AsyncLines]:
        yield _Following(await self._ours(container_id), lines, mask)

    async def project_network(self, project_id: int, kind: NetworkKind) -> str:
        await self._answer()
        return self._world.networks.setdefault((self._instance, project_id, kind), f"{kind}-{project_id}")

    async def networks(self) -> list[SeenNetwork]:
        await self._answer()
        found = [SeenNetwork(ENGINES_OWN, ENGINES_OWN, "docker0", (), ours=False)]
        for (owner, project, _), made in self._world.networks.items():
            subnet = self._world.subnets.get(made)
            subnets = () if subnet is None else (subnet,)
            found.append(SeenNetwork(made, made, made, subnets, owner == self._instance, project))
        return found

    async def remove_networks(self, project_id: int) -> None:
        await self._forget_networks(lambda owner: owner == project_id)

    async def keep_networks(self, project_ids: Collection[int]) -> None:
        await self._forget_networks(lambda owner: owner not in project_ids)

    async def list_ours(self, *, build_id: int | None = None) -> list[ContainerState]:
        await self._answer()
        return [
            each.state()
            for each in self._world.containers.values()
            if self._is_ours(each) and (build_id is None or each.spec.labels[names.LABEL_BUILD] == str(build_id))
        ]

    # --- inside

    async def _answer(self) -> None:
        await trio.lowlevel.checkpoint()
        if self._world.down:
            raise Trouble("DOCKER_UNAVAILABLE", "no Docker engine answers at memory: it is down")

    async def _create(self, spec: ContainerSpec) -> Container:
        await self._answer()
        if spec.image not in self._world.images:
            raise Refusal("IMAGE_NOT_FOUND", f"the engine holds no such image: {spec.image}")
        for name in (spec.name, spec.name + names.instance_suffix(self._instance)):
            holder = self._world.named(name)
            if holder is not None and not self._is_ours(holder):
                continue
            if holder is not None:
                self._forget(holder)
            words = [*(spec.entrypoint or ()), *(spec.command or ())]
            script = self._world.scripts.get(words[-1], Script()) if words else Script()
            container = Container(uuid.uuid4().hex * 2, name, spec, script, tell=self._world.tell)
            self._world.containers[container.id] = container
            return container
        raise Trouble("NAME_TAKEN", f"the container name {spec.name} is taken by others on this engine")

    def _start(self, container: Container) -> None:
        if container.script.start_error is not None:
            raise container.script.start_error
        wanted = set(container.spec.ports.values())
        for other in self._world.containers.values():
            for port in wanted.intersection(other.spec.ports.values() if other.running else ()):
                raise Trouble("PORT_TAKEN", f"port {port} on 127.0.0.1 is taken by another program or container")
        container.running = container.started = True
        container.lives += 1
        container.tell(container, "start")

    async def _forget_networks(self, is_meant: Callable[[int], bool]) -> None:
        await self._answer()
        used = {each.spec.network for each in self._world.containers.values()}
        for key, network in list(self._world.networks.items()):
            if key[0] == self._instance and is_meant(key[1]) and network not in used:
                del self._world.networks[key]

    def _play(self, container: Container) -> None:
        """Do at once what the script says a container in the background does."""
        for _, data in container.script.output:
            container.write(data)
        if container.script.exit_code is not None:
            container.end(container.script.exit_code, out_of_memory=container.script.out_of_memory)

    def _forget(self, container: Container) -> None:
        self._world.containers.pop(container.id, None)
        container.remove()

    async def _ours(self, container_id: str) -> Container | None:
        await self._answer()
        container = self._world.containers.get(container_id)
        if container is not None and not self._is_ours(container):
            raise Refusal("CONTAINER_NOT_OURS", f"container {container_id[:12]} does not belong to this instance")
        return container

    async def _present(self, container_id: str) -> Container:
        container = await self._ours(container_id)
        if container is None:
            raise Trouble("CONTAINER_GONE", f"container {container_id[:12]} is gone: somebody else removed it")
        return container

    def _is_ours(self, container: Container) -> bool:
        return container.spec.labels.get(names.LABEL_INSTANCE) == self._instance


class _Feed:
    def __init__(self, receiving: trio.MemoryReceiveChannel[ContainerNews]) -> None:
        self._receiving = receiving

    def __aiter__(self) -> _Feed:
        return self

    async def __anext__(self) -> ContainerNews:
        try:
            return await self._receiving.receive()
        except trio.EndOfChannel:
            raise Trouble("DOCKER_UNAVAILABLE", "the Docker engine at memory has ended what it tells") from None


def _lines(log: bytes) -> list[str]:
    return log.decode("utf-8", "replace").splitlines()


class _Following:
    """Lines of a container from number `given` on; of none where there is no container."""

    def __init__(self, container: Container | None, last: int, mask: Mask) -> None:
        self._container = container
        self._mask = mask
        self._given = 0 if container is None else max(0, len(_lines(container.log)) - last)

    def __aiter__(self) -> _Following:
        return self

    async def __anext__(self) -> str:
        await trio.lowlevel.checkpoint()
        while self._container is not None:
            lines = _lines(self._mask.in_bytes(self._container.log))
            if len(lines) > self._given:
                self._given += 1
                return lines[self._given - 1]
            if not self._container.running:
                break
            await self._container.changed.wait()
        raise StopAsyncIteration
