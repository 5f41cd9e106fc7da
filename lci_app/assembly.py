"""Joins the services to the open adapters; nothing runs yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import trio

from lci_app.adapters.clock import booted_at
from lci_app.adapters.github_oauth import GitHubOAuth
from lci_app.adapters.health import HttpHealthProbe
from lci_app.adapters.host import HostPorts, own_user
from lci_app.adapters.passwords import Argon2Passwords
from lci_app.adapters.private_files import forget_set_up_link
from lci_app.api.needs import Parts
from lci_app.api.shared_pages import SharedPages
from lci_app.config import Config
from lci_app.interfaces import Clock, DataDisk, Engine, Isolation, Keys, Logs, Source, Store, Workspace
from lci_app.proxy.supervisor import Supervisor
from lci_app.services.approvals import Approvals
from lci_app.services.bell import Bell
from lci_app.services.build_queue import BuildQueue
from lci_app.services.build_record import BuildRecord
from lci_app.services.build_stages import BuildStages
from lci_app.services.build_step import BuildStep
from lci_app.services.builder import Builder
from lci_app.services.callers import Callers
from lci_app.services.deploy_stage import DeployStage
from lci_app.services.deployer import Deployer
from lci_app.services.detector import Detector
from lci_app.services.disk_watch import DiskWatch
from lci_app.services.engine_watch import EngineWatch
from lci_app.services.github_accounts import GitHubAccounts
from lci_app.services.health_checks import HealthChecks
from lci_app.services.hub import Hub
from lci_app.services.idle_slot import IdleSlot
from lci_app.services.intake import Intake
from lci_app.services.orders import Orders
from lci_app.services.people import People
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
from lci_app.services.sign_in import SignIn
from lci_app.services.slot_health import SlotHealth
from lci_app.services.source_stage import SourceStage
from lci_app.services.sweeper import Sweeper
from lci_app.services.version_keeper import VersionKeeper


@dataclass(frozen=True, slots=True)
class Outside:
    """Every adapter, open."""

    store: Store
    engine: Engine
    source: Source
    logs: Logs
    workspace: Workspace
    proxy: Supervisor
    isolation: Isolation
    keys: Keys
    clock: Clock
    disk: DataDisk
    # Rung when the disk has failed a write.
    alarm: Bell
    instance: str


@dataclass(frozen=True, slots=True)
class House:
    """The services, joined."""

    retirement: Retirement
    reconciler: Reconciler
    scheduler: Scheduler
    routes: Routes
    slot_health: SlotHealth
    readiness: Readiness
    keeper: VersionKeeper
    engine_watch: EngineWatch
    disk_watch: DiskWatch
    parts: Parts


def join(config: Config, outside: Outside, *, public_url: str) -> House:
    """Build the services on their adapters; nothing runs yet."""
    store, engine, clock, workspace = outside.store, outside.engine, outside.clock, outside.workspace
    hub, bell, locks, probe = Hub(clock, public_url), Bell(), ProjectLocks(), HttpHealthProbe()
    queue, readiness = BuildQueue(store, hub, bell, clock), Readiness(hub, bell)
    routes = Routes(store, outside.proxy)
    retirement = Retirement(store, engine, outside.proxy, hub)
    idle_slot = IdleSlot(store, engine, retirement, hub, clock, outside.instance)
    checks = HealthChecks(store, probe, hub, clock)
    deployer = Deployer(store, engine, idle_slot, checks, routes, retirement, locks, hub, clock)
    slot_health = SlotHealth(store, probe, locks, hub, clock)
    source = SourceStage(store, outside.source, workspace, RepositoryValues(store, clock), config.github_url)
    secrets = Secrets(store, outside.keys)
    step = BuildStep(engine, outside.isolation, workspace, outside.instance, own_user())
    sweeper = Sweeper(store, workspace)
    record = BuildRecord(store, outside.logs, hub, clock)
    passwords = Argon2Passwords()
    people = People(store, passwords, clock, partial(forget_set_up_link, config.data_dir))
    sign_in = SignIn(store, people, passwords, clock)
    settled = trio.Event()
    stage = DeployStage(store, deployer, workspace, hub, settled)
    stages = BuildStages(store, source, secrets, step, stage, clock)
    builder = Builder(store, record, outside.logs, source, secrets, step, stages, sweeper, hub, booted_at())
    scheduler = Scheduler(store, builder, bell, hub, clock, readiness, config.max_parallel_builds, settled)
    parts = Parts(
        store=store,
        logs=outside.logs,
        pages=SharedPages(outside.logs),
        clock=clock,
        hub=hub,
        intake=Intake(store, queue, clock, config.github_url),
        orders=Orders(store, queue, clock, config.github_url),
        scheduler=scheduler,
        approvals=Approvals(store, queue, clock),
        projects=Projects(
            store, engine, workspace, HostPorts(), routes, retirement, scheduler, locks, clock, config.port_base
        ),
        people=people,
        sign_in=sign_in,
        github=GitHubAccounts(store, GitHubOAuth(config.github_url, config.github_api_url), sign_in, clock),
        callers=Callers(store, clock),
        traffic=outside.proxy.traffic,
        runtime=Runtime(store, engine, slot_health, outside.proxy, routes, retirement, secrets, locks, hub, clock),
        docker_version=engine.version,
        isolation=outside.isolation,
        readiness=readiness,
        secrets=secrets,
        detector=Detector(outside.source, workspace, clock, config.github_url),
        is_own_path=workspace.holds,
    )
    reconciler = Reconciler(store, engine, retirement, workspace, outside.logs, locks, slot_health, hub, clock)
    keeper = VersionKeeper(store, engine, locks, slot_health, hub, clock)
    watch = EngineWatch(engine, readiness, keeper)
    disk_watch = DiskWatch(outside.disk, readiness, outside.alarm, config.disk_reserve)
    return House(retirement, reconciler, scheduler, routes, slot_health, readiness, keeper, watch, disk_watch, parts)
