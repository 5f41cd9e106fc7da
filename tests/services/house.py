"""The services, joined as `app` joins them, on a real store and on doubles of everything else outside."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import trio

from lci_app.core import names
from lci_app.core.events import BuildStatusChanged, Published
from lci_app.core.model import Build, BuildStatus, Slot, SlotState, Trigger
from lci_app.core.project import Project
from lci_app.interfaces import Placed, Store
from lci_app.services.approvals import Approvals
from lci_app.services.bell import Bell
from lci_app.services.build_queue import BuildQueue
from lci_app.services.build_record import BuildRecord
from lci_app.services.build_stages import BuildStages
from lci_app.services.build_step import BuildStep
from lci_app.services.builder import Builder
from lci_app.services.deploy_stage import DeployStage
from lci_app.services.deployer import Deployer
from lci_app.services.engine_watch import EngineWatch
from lci_app.services.health_checks import HealthChecks
from lci_app.services.hub import Hub
from lci_app.services.idle_slot import IdleSlot
from lci_app.services.intake import Intake
from lci_app.services.orders import Orders
from lci_app.services.project_locks import ProjectLocks
from lci_app.services.projects import Projects
from lci_app.services.readiness import Readiness
from lci_app.services.reconciler import Reconciler
from lci_app.services.repository_values import RepositoryValues
from lci_app.services.retirement import Retirement
from lci_app.services.routes import Routes
from lci_app.services.runtime import Runtime
from lci_app.services.scheduler import Scheduler
from lci_app.services.secrets import Secrets
from lci_app.services.slot_health import SlotHealth
from lci_app.services.source_stage import SourceStage
from lci_app.services.sweeper import Sweeper
from lci_app.services.version_keeper import VersionKeeper
from tests.adapters.sqlite_store import SEALER, a_build, a_project, inline_store
from tests.doubles.clock import TrioClock
from tests.doubles.engine import Container, EngineDouble, EngineWorld, Script
from tests.doubles.faults import Faults
from tests.doubles.health import ProbeDouble
from tests.doubles.isolation import IsolationDouble
from tests.doubles.logs import LogsDouble
from tests.doubles.ports import PortsDouble
from tests.doubles.proxy import ProxyDouble
from tests.doubles.source import SourceDouble
from tests.doubles.workspace import InlineWorkspace

INSTANCE = "ours"
GITHUB = "https://github.com"
T = TypeVar("T")


async def eventually(condition: Callable[[], bool], *, pause: float = 0.05) -> None:
    """Return when the condition holds. The clock jumps: nobody waits, and what never comes takes a day."""
    with trio.fail_after(24 * 3600):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the services, and rings no test
            await trio.sleep(pause)


async def inline(function: Any, *args: Any) -> None:
    function(*args)


class HubSpy(Hub):
    """A hub that remembers what it carried."""

    def __init__(self, clock: TrioClock) -> None:
        super().__init__(clock, "http://public")
        self.published: list[Published] = []

    def publish_nowait(self, event: Published) -> None:
        self.published.append(event)
        super().publish_nowait(event)

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.published if isinstance(event, kind)]

    def statuses(self, build_id: int) -> list[BuildStatus]:
        return [each.status for each in self.of(BuildStatusChanged) if each.build_id == build_id]


class Watched:
    """Somebody else's double, but for the calls that a test replaces."""

    def __init__(self, inner: Any, **replaced: Any) -> None:
        self._inner = inner
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@dataclass
class Outside:
    """What outlives lci: the engine, the repositories, the files. A second House on it is lci started again."""

    root: Path
    world: EngineWorld = field(
        default_factory=lambda: EngineWorld(images={"img": "sha256:1"}, scripts={"make": Script(exit_code=0)})
    )
    source: SourceDouble = field(default_factory=SourceDouble)
    logs: LogsDouble = field(default_factory=LogsDouble)


def as_it_is(outside: Outside, name: str) -> Outside:
    """Return a copy of what is there at this moment."""
    root = outside.root / name
    shutil.copytree(outside.root, root, ignore=shutil.ignore_patterns("step-*", "killed"))
    containers = {each.id: replace(each, changed=trio.Event()) for each in outside.world.containers.values()}
    world = replace(outside.world, containers=containers)
    logs = LogsDouble(records={path: list(records) for path, records in outside.logs.records.items()})
    return Outside(root, world, outside.source, logs)


class House:
    def __init__(self, store: Store, outside: Outside, *, max_parallel: int = 4) -> None:
        self.faults = faults = Faults()
        self.world, self.source, self.logs = outside.world, outside.source, outside.logs
        self.store = store
        self.clock = TrioClock()
        self.proxy = ProxyDouble()
        self.probe = ProbeDouble(self.world)
        self.ports = PortsDouble()
        self.isolation = IsolationDouble()
        self.workspace = InlineWorkspace(outside.root)
        self.hub = HubSpy(self.clock)
        self.bell = Bell()
        self.readiness = Readiness(self.hub, self.bell)
        self.locks = locks = ProjectLocks()
        self.engine = faults.around("engine", EngineDouble(self.world, INSTANCE, run_blocking=inline))
        counted = faults.around("store", store)
        proxy = faults.around("proxy", self.proxy)
        workspace = faults.around("workspace", self.workspace)
        clock, hub, engine = self.clock, self.hub, self.engine
        self.slot_health = SlotHealth(counted, self.probe, locks, hub, clock)
        self.queue = BuildQueue(counted, hub, self.bell, clock)
        self.routes = Routes(counted, proxy)
        self.retirement = retirement = Retirement(counted, engine, proxy, hub)
        idle_slot = IdleSlot(counted, engine, retirement, hub, clock, INSTANCE)
        checks = HealthChecks(counted, self.probe, hub, clock)
        self.deployer = Deployer(counted, engine, idle_slot, checks, self.routes, retirement, locks, hub, clock)
        self.values = RepositoryValues(counted, clock)
        source = SourceStage(counted, faults.around("source", self.source), workspace, self.values, GITHUB)
        self.secrets = Secrets(counted, SEALER)
        step = BuildStep(engine, self.isolation, workspace, INSTANCE)
        self.sweeper = Sweeper(counted, workspace)
        record = BuildRecord(counted, self.logs, hub, clock)
        settled = trio.Event()
        stage = DeployStage(counted, self.deployer, workspace, hub, settled)
        stages = BuildStages(counted, source, self.secrets, step, stage, clock)
        self.builder = Builder(counted, record, self.logs, source, self.secrets, step, stages, self.sweeper, hub)
        self.scheduler = Scheduler(counted, self.builder, self.bell, hub, clock, self.readiness, max_parallel, settled)
        self.intake = Intake(store, self.queue, clock, GITHUB)
        self.orders = Orders(store, self.queue, clock, GITHUB)
        self.approvals = Approvals(store, self.queue, clock)
        self.projects = Projects(
            counted, engine, workspace, self.ports, self.routes, retirement, self.scheduler, locks, clock, 9000
        )
        self.runtime = Runtime(
            counted, engine, self.slot_health, proxy, self.routes, retirement, self.secrets, locks, hub, clock
        )
        self.reconciler = Reconciler(
            counted, engine, retirement, workspace, self.logs, locks, self.slot_health, hub, clock
        )

        self.keeper = VersionKeeper(counted, engine, locks, self.slot_health, hub, clock)
        self.engine_watch = EngineWatch(engine, self.readiness, self.keeper)

    # --- what tests ask for

    async def register(self, name: str = "shop", *, number: int = 1, **settings: Any) -> Project:
        given: dict[str, Any] = {
            "build_image": "img",
            "build_command": "make",
            "runtime_image": "img",
            "runtime_command": "serve",
            "health_check_interval": 1,
            "health_check_retries": 3,
        }
        return await a_project(self.store, name, number=number, **given | settings)

    async def change(self, project: Project, **settings: Any) -> Project:
        values = type(project.settings).model_validate({**dict(project.settings), **settings})
        changed = await self.store.update_project(project.id, values, None, if_revision=None, at=self.clock.now())
        assert isinstance(changed, Project)
        return changed

    async def order(self, project: Project, **asked: Any) -> Build:
        """Queue a build by hand."""
        placed = await self.orders.trigger(await self.fresh(project), **asked)
        assert isinstance(placed, Placed)
        return placed.build

    async def build(self, project: Project, **asked: Any) -> Build:
        """Build now, and return the build when it has ended."""
        return await self.ended(await self.order(project, **asked))

    async def pushed(self, project: Project, commit: str = "a" * 40) -> Build:
        """Queue a build as a push does."""
        build = await a_build(self.store, project, trigger=Trigger.WEBHOOK, commit_hash=commit)
        self.queue.announce([build])
        return build

    async def ended(self, build: Build) -> Build:
        """Return the build when it has ended and nobody works on it."""
        return await self.until(build, lambda now: now.finished_at is not None)

    async def until(self, build: Build, condition: Any) -> Build:
        while True:
            now = await self.store.build(build.id)
            assert now is not None
            if condition(now):
                if now.finished_at is not None:
                    await self.scheduler.wait_ended(build.id)
                return now
            await trio.sleep(0.05)

    async def fresh(self, project: Project) -> Project:
        found = await self.store.project(project.id)
        assert found is not None
        return found

    async def slot(self, project: Project, slot: Slot) -> SlotState:
        return (await self.store.slots(project.id))[slot]

    async def settled(self) -> None:
        """Return when nothing is leaving."""
        await eventually(lambda: not self.retirement._leaving, pause=1)

    async def container(self, build: Build) -> Container:
        """Return the container of a build's command when it runs."""
        await eventually(lambda: self.world.named(names.build_container(build.id)) is not None)
        found = self.world.named(names.build_container(build.id))
        assert found is not None
        return found

    def runtimes(self, project: Project) -> list[Container]:
        return [
            each
            for each in self.world.containers.values()
            if each.spec.labels[names.LABEL_PROJECT] == str(project.id)
            and each.spec.labels[names.LABEL_ROLE] == names.ROLE_RUNTIME
        ]

    def log(self, build: Build) -> list[str]:
        return self.logs.texts(names.build_log(build.project_id, build.build_number))


@asynccontextmanager
async def open_house(outside: Outside, *, build: bool = True, max_parallel: int = 4) -> AsyncIterator[House]:
    """Run a house until the block is left; then it is cut short, in the order in which `app` stops.

    With `build` False nothing is built, and the engine is not asked for anything.
    """
    async with inline_store(outside.root) as store:
        house = House(store, outside, max_parallel=max_parallel)
        await house.reconciler.settle_rows()
        await house.routes.publish()
        async with trio.open_nursery() as leaving:
            await leaving.start(house.retirement.run)
            await leaving.start(house.slot_health.run)
            leaving.start_soon(house.routes.run)
            async with trio.open_nursery() as building:
                if build:
                    await building.start(house.scheduler.run)
                    await house.reconciler.settle_world()
                    house.scheduler.settled.set()
                yield house
                building.cancel_scope.cancel()
            leaving.cancel_scope.cancel()
