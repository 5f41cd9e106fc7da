"""The whole API on a real store, real log files and a real hub; in process, or on a port of its own."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any

import trio
from quart_trio import QuartTrio
from werkzeug.datastructures import Headers

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.github_oauth import GitHubOAuth
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.adapters.passwords import Argon2Passwords
from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.adapters.workspace import DirectoryWorkspace
from lci_app.api.app import create_app
from lci_app.api.needs import Addresses, Parts
from lci_app.api.route import JSON, Route
from lci_app.api.server import address_of, listen, serve_on
from lci_app.api.shared_pages import SharedPages
from lci_app.api.table import ROUTES
from lci_app.config import Config, LogFormat, LogLevel
from lci_app.core import names
from lci_app.core.accounts import Token
from lci_app.core.model import Build, BuildStatus, NewBuild, Scope, Stream, Trigger, Trust
from lci_app.core.project import Project
from lci_app.core.traffic import ProjectTraffic, Traffic
from lci_app.interfaces import Placed, Trouble
from lci_app.services.approvals import Approvals
from lci_app.services.bell import Bell
from lci_app.services.build_queue import BuildQueue
from lci_app.services.callers import Callers
from lci_app.services.detector import Detector
from lci_app.services.github_accounts import GitHubAccounts
from lci_app.services.hub import Hub
from lci_app.services.intake import WEBHOOK_SECRET, Intake
from lci_app.services.orders import Orders
from lci_app.services.people import People
from lci_app.services.readiness import Readiness
from lci_app.services.secrets import Secrets
from lci_app.services.sign_in import SignIn
from lci_app.services.tokens import TokenWish, make_token
from tests.adapters.sqlite_store import SEALER
from tests.doubles.api_services import ScriptedRuntime, StoreProjects, StoreScheduler
from tests.doubles.isolation import IsolationDouble
from tests.doubles.source import SourceDouble
from tests.doubles.workspace import InlineWorkspace
from tests.makers import COMMIT, new_project

GITHUB = "https://github.com"
DASHBOARD = "https://lci.example.com"
SECRET = "the webhooks' secret"
ADDRESSES = Addresses(DASHBOARD, "https://apps.example.com")


def config(data_dir: Path, **fields: Any) -> Config:
    values = Config(
        data_dir=data_dir,
        api_host="127.0.0.1",
        api_port=0,
        proxy_host="127.0.0.1",
        proxy_port=0,
        proxy_workers=1,
        port_base=9000,
        docker_host=None,
        dashboard_url=DASHBOARD,
        public_url=ADDRESSES.public_url,
        github_url=GITHUB,
        github_api_url="https://api.github.com",
        trusted_proxies=(ip_network("10.0.0.0/8"),),
        webhook_addresses=(),
        max_parallel_builds=2,
        container_range=IPv4Network("10.213.0.0/16"),
        build_allow=(),
        disk_reserve=None,
        log_level=LogLevel.INFO,
        log_format=LogFormat.TEXT,
        access_log=None,
        access_log_percent=100,
    )
    return replace(values, **fields)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        assert self.json["success"] is True, self.body
        return self.json["data"]

    @property
    def code(self) -> str:
        assert self.json["success"] is False, self.body
        return str(self.json["error"]["code"])

    @property
    def details(self) -> Any:
        return self.json["error"]["details"]


@dataclass
class Rig:
    data_dir: Path
    store: SqliteStore
    logs: LogFiles
    hub: Hub
    clock: SystemClock
    runtime: ScriptedRuntime
    stop: trio.Event
    app: QuartTrio
    people: People
    source: SourceDouble
    readiness: Readiness
    tokens: dict[Scope, str] = field(default_factory=dict)
    port: int = 0

    async def call(
        self, method: str, path: str, body: Any = None, *, scope: Scope | None = Scope.ADMIN, **headers: str
    ) -> Answer:
        """Ask in process. An answer in JSON is checked against what the route table promises."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if scope is not None:
            given.setdefault("Authorization", f"Bearer {self.tokens[scope]}")
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", JSON)
        client: Any = self.app.test_client()
        response = await client.open(
            path, method=method, headers=given, data=data or b"", scope_base={"client": ("127.0.0.1", 50000)}
        )
        raw = await response.get_data(as_text=False)
        answer = Answer(response.status_code, response.headers, raw)
        _keep_promise(method, path, answer)
        return answer

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.call("POST", path, body, **options)

    async def a_token(self, **wish: Any) -> tuple[Token, str]:
        """Make a token; returns it and the header that shows it."""
        token, text = await make_token(self.store, self.clock, TokenWish(**{"name": "ci", "scope": Scope.READ, **wish}))
        return token, f"Bearer {text}"

    async def a_project(self, name: str = "shop", **settings: Any) -> Project:
        number = max(await self.store.port_numbers(), default=0) + 1
        project = await self.store.create_project(
            new_project(name, **settings), number=number, port_base=9000, at=self.clock.now()
        )
        assert isinstance(project, Project)
        return project

    async def a_build(self, project: Project, **fields: Any) -> Build:
        values: dict[str, Any] = {
            "trigger": Trigger.MANUAL,
            "branch": "main",
            "commit_hash": COMMIT,
            "trust": Trust.TRUSTED,
            **fields,
        }
        new = NewBuild(project_id=project.id, queue_key=project.queue_key("main"), **values)
        placed = await self.store.queue_build(new, self.clock.now())
        assert isinstance(placed, Placed)
        return placed.build

    async def begin(self, build: Build) -> None:
        change = await self.store.begin_build(build.id, self.clock.now())
        assert change is not None
        self.hub.build_changed(change)

    async def end(self, build: Build, status: BuildStatus = BuildStatus.SUCCESS) -> None:
        change = await self.store.finish_build(build.id, status, failure=None, log_lines=0, at=self.clock.now())
        assert change is not None
        self.hub.build_changed(change)

    async def logged(self, build: Build, count: int, *, status: BuildStatus | None = BuildStatus.SUCCESS) -> None:
        """Write `line 1` … into the build's log; with a status, end the build."""
        async with self.logs.open(log_of(build)) as writer:
            await writer.begin_stage("build")
            await feed(writer, "".join(f"line {number}\n" for number in range(1, count + 1)))
        if status is not None:
            await self.begin(build)
            await self.end(build, status)


def log_of(build: Build) -> str:
    return names.build_log(build.project_id, build.build_number)


async def feed(writer: Any, text: str) -> None:
    await trio.to_thread.run_sync(writer.feed, Stream.STDOUT, text.encode())


TRAFFIC = ProjectTraffic(
    {"2xx": 3, "none": 1}, (1, 2, *[0] * 9, 1), seconds=12.5, bytes_in=10, bytes_out=20, in_flight=1
)


@asynccontextmanager
async def open_rig(data_dir: Path, **config_fields: Any) -> AsyncIterator[Rig]:
    clock = SystemClock()
    hub = Hub(clock, "http://public")
    async with open_store(data_dir / names.DATABASE, sealer=SEALER, at=clock.now()) as store:
        await store.setting_or_create(WEBHOOK_SECRET, SECRET)
        queue = BuildQueue(store, hub, Bell(), clock)
        runtime, source = ScriptedRuntime(store, clock), SourceDouble()
        logs = LogFiles(data_dir, clock)
        passwords = Argon2Passwords()
        people = People(store, passwords, clock)
        sign_in = SignIn(store, people, passwords, clock)
        chosen = config(data_dir, **config_fields)

        async def docker_version() -> str:
            if runtime.down:
                raise Trouble("DOCKER_UNAVAILABLE", "Docker does not answer at /var/run/docker.sock.")
            return "28.0.1"

        async def traffic() -> Traffic:
            await trio.lowlevel.checkpoint()
            return Traffic(workers=2, answers={"2xx": 3}, projects={"shop": TRAFFIC})

        readiness = Readiness(hub, Bell())
        parts = Parts(
            store=store,
            logs=logs,
            pages=SharedPages(logs),
            clock=clock,
            hub=hub,
            intake=Intake(store, queue, clock, GITHUB),
            orders=Orders(store, queue, clock, GITHUB),
            scheduler=StoreScheduler(store, hub, clock),
            approvals=Approvals(store, queue, clock),
            projects=StoreProjects(store, clock),
            runtime=runtime,
            people=people,
            sign_in=sign_in,
            github=GitHubAccounts(store, GitHubOAuth(chosen.github_url, chosen.github_api_url), sign_in, clock),
            callers=Callers(store, clock),
            docker_version=docker_version,
            traffic=traffic,
            isolation=IsolationDouble(),
            readiness=readiness,
            secrets=Secrets(store, SEALER),
            detector=Detector(source, InlineWorkspace(data_dir), clock, GITHUB),
            is_own_path=DirectoryWorkspace(data_dir).holds,
        )
        stop = trio.Event()
        app = create_app(parts, chosen, ADDRESSES, stop)
        rig = Rig(data_dir, store, logs, hub, clock, runtime, stop, app, people, source, readiness)
        for scope in Scope:
            _, rig.tokens[scope] = await make_token(store, clock, TokenWish(name=scope, scope=scope))
        yield rig


@asynccontextmanager
async def serving(rig: Rig) -> AsyncIterator[Rig]:
    """Serve the rig on a port; stopped when the block is left."""
    listeners = await listen("127.0.0.1", 0)
    rig.port = address_of(listeners)[1]
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[None]) -> None:
            await serve_on(rig.app, listeners, stop=rig.stop, task_status=task_status)

        await nursery.start(serve)
        yield rig
        rig.stop.set()


def route_of(method: str, path: str) -> Route | None:
    for route in ROUTES:
        pattern = re.sub(r"{path}", ".+", route.path)
        pattern = re.sub(r"{\w+}", "[^/]+", pattern)
        if route.method == method and re.fullmatch(pattern, path.partition("?")[0]):
            return route
    return None


def _keep_promise(method: str, path: str, answer: Answer) -> None:
    assert answer.headers["X-Request-Id"]
    route = route_of(method, path)
    if route is None or route.answer is None or not answer.headers["Content-Type"].startswith(JSON):
        return
    if answer.json["success"]:
        fields = {field.alias or name for name, field in route.answer.model_fields.items()}
        assert set(answer.data) == fields
        route.answer.model_validate(answer.data)
    else:
        assert set(answer.json["error"]) == {"code", "message", "details"}
        assert answer.json["error"]["message"].endswith((".", "makes one."))
