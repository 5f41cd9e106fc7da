"""Judges an lci that has come to rest: its rows, containers, networks, directories, logs and routes must agree.

Each violation is a sentence that begins with what kind it is: `lost`, `twice`, `orphan`, `zombie`, `double` (deployed
twice), `wrong` (live version), `order`, `state`, `log`, `doctor`.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import requests

from lci_app.cli.main import run
from tests.faults.ledger import Push
from tests.faults.world import LINES, World
from tests.whole.service import ENDED, WaitLoop, engine, instance_of

KINDS = ("lost", "twice", "orphan", "zombie", "double", "wrong", "order", "state", "log", "doctor")
# Of the host and its engine, not of what lci has done.
NOT_OURS = {"LIVE_RESTORE_OFF", "ISOLATION_DEGRADED", "DISK_LOW", "INODES_LOW", "ENGINE_OLD"}

Row = Mapping[str, Any]


class Facts:
    """Everything that is recorded and everything that is there, read at one moment."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.data_dir = world.service.data_dir
        with closing(sqlite3.connect(f"file:{self.data_dir}/db/lci.db?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            database.execute("BEGIN")
            self.projects = self._rows(database, "projects")
            self.builds = self._rows(database, "builds")
            self.slots = self._rows(database, "slots")
            self.deployments = self._rows(database, "deployments")
            deliveries = {row["id"]: row["delivery_id"] for row in self._rows(database, "deliveries")}
            self.builds_of: defaultdict[str, list[int]] = defaultdict(list)
            for row in self._rows(database, "delivery_builds", order="build_id"):
                self.builds_of[deliveries[row["delivery"]]].append(row["build_id"])
        ours = {"label": f"lci.instance={instance_of(self.data_dir)}"}
        self.containers = engine().api.containers(all=True, filters=ours)
        self.networks = engine().api.networks(filters=ours)
        self.build = {row["id"]: row for row in self.builds}

    @staticmethod
    def _rows(database: sqlite3.Connection, table: str, order: str = "1") -> list[Row]:
        return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY {order}")]

    @property
    def ended(self) -> int:
        """How many builds have ended."""
        return sum(build["status"] in ENDED for build in self.builds)

    def is_quiet(self) -> bool:
        """Whether nothing is under way that lci knows of."""
        return (
            self.ended == len(self.builds)
            and all(deployment["outcome"] is not None for deployment in self.deployments)
            and all(slot["status"] not in {"starting", "draining"} for slot in self.slots)
        )

    def directories(self, relative: str) -> list[str]:
        try:
            return sorted(path.name for path in (self.data_dir / relative).iterdir())
        except FileNotFoundError:
            return []


def wait_quiet(world: World) -> None:
    """Return when nothing is under way any more. A build never runs in two containers at once meanwhile.

    However long the queue is: waited in vain is only where no build ends any more.
    """
    waiting, ended = WaitLoop("lci to come to rest"), 0
    while True:
        facts = Facts(world)
        if facts.ended > ended:
            waiting, ended = WaitLoop("another build to end, or lci to come to rest"), facts.ended
        running = Counter(
            each["Labels"]["lci.build_id"]
            for each in facts.containers
            if each["Labels"]["lci.role"] == "build" and each["State"] == "running"
        )
        assert all(count == 1 for count in running.values()), f"twice: builds run in two containers: {running}"
        if facts.is_quiet():
            return
        waiting.again()


def judge(world: World, *, but: str = "") -> list[str]:
    """Return what is wrong with an lci at rest, but for one kind; what it still cleans up is given a while."""
    waiting = WaitLoop("", pause=0.1)
    found = [each for each in _judge_now(world) if not but or not each.startswith(but)]
    for _ in range(150):
        if not found:
            break
        waiting.again()
        found = [each for each in _judge_now(world) if not but or not each.startswith(but)]
    return found


def assert_sound(world: World) -> None:
    """Wait until lci has come to rest, then judge it."""
    wait_quiet(world)
    found = judge(world)
    assert not found, "\n".join([*found, *world.service.stderr[-40:]])


def _judge_now(world: World) -> list[str]:
    facts = Facts(world)
    return [
        *_deliveries(facts),
        *_states(facts),
        *_order(facts),
        *_resources(facts),
        *_directories(facts),
        *_live(facts),
        *_logs(facts),
        *_doctor(facts),
    ]


def _deliveries(facts: Facts) -> Iterator[str]:
    """Every acknowledged delivery has exactly the builds that were acknowledged, each of the commit that was pushed."""
    for push in facts.world.ledger.pushes:
        recorded = facts.builds_of[push.delivery]
        if push.builds is not None and recorded != push.builds:
            kind = "lost" if len(recorded) < len(push.builds) else "twice"
            yield f"{kind}: delivery {push.delivery} was answered with builds {push.builds}, and has {recorded}"
        if len(recorded) > 1:
            yield f"twice: delivery {push.delivery} has builds {recorded}"
        for build_id in recorded:
            build = facts.build.get(build_id)
            if build is None or build["commit_hash"] != push.commit:
                yield f"lost: build {build_id} of delivery {push.delivery} is not of its commit any more"
    of_commit = Counter(build["commit_hash"] for build in facts.builds if build["trigger"] == "webhook")
    for commit, count in of_commit.items():
        if count > 1:
            yield f"twice: commit {commit} was pushed once and has {count} builds"
    for build_id in facts.world.ledger.ordered - set(facts.build):
        yield f"lost: build {build_id} was ordered, and is not there"


def _states(facts: Facts) -> Iterator[str]:
    """What has ended stays as it ended; nothing is under way without an owner; nothing was deployed twice."""
    ended = facts.world.ledger.ended
    for build in facts.builds:
        status = build["status"]
        if status not in ENDED:
            yield f"zombie: build {build['id']} is {status}"
        elif ended.setdefault(build["id"], status) != status:
            yield f"state: build {build['id']} had ended as {ended[build['id']]} and is {status}"
    switched = Counter(each["build_id"] for each in facts.deployments if each["switched_at"] is not None)
    for build_id, count in switched.items():
        if count > 1:
            yield f"double: build {build_id} was put live {count} times"
        if facts.build[build_id]["status"] != "Success":
            yield f"state: build {build_id} was put live, and is {facts.build[build_id]['status']}"


def _order(facts: Facts) -> Iterator[str]:
    """Of one queue key no build starts before the one that was committed before it has ended."""
    started = [build for build in facts.builds if build["started_at"] is not None]
    for _, group in itertools.groupby(
        sorted(started, key=lambda b: (b["queue_key"], b["id"])), lambda b: b["queue_key"]
    ):
        for before, after in itertools.pairwise(group):
            if after["started_at"] < (before["finished_at"] or "~"):
                yield f"order: build {after['id']} started before build {before['id']} of its key had ended"


def _resources(facts: Facts) -> Iterator[str]:
    """The engine holds exactly the containers of the slots' rows, and no network of a project that is gone."""
    held = {slot["container_id"]: slot for slot in facts.slots if slot["container_id"] is not None}
    stopped = {project["id"] for project in facts.projects if project["stopped"]}
    for container in facts.containers:
        name = container["Names"][0]
        slot = held.pop(container["Id"], None)
        if slot is None:
            yield f"orphan: container {name} ({container['Status']}) belongs to no slot"
        elif container["State"] != "running" and slot["project_id"] not in stopped and slot["status"] != "error":
            yield f"state: container {name} is {container['State']}, and its slot {slot['status']}"
    for container_id in held:
        yield f"lost: container {container_id[:12]} of a slot is not there"
    per_slot = Counter((each["Labels"]["lci.project_id"], each["Labels"]["lci.slot"]) for each in facts.containers)
    for slot_of, count in per_slot.items():
        if count > 1:
            yield f"twice: {count} containers are in slot {slot_of}"
    projects = {str(project["id"]) for project in facts.projects}
    for network in facts.networks:
        if network["Labels"]["lci.project_id"] not in projects:
            yield f"orphan: network {network['Name']} belongs to no project"


def _directories(facts: Facts) -> Iterator[str]:
    projects = {str(project["id"]) for project in facts.projects}
    retained = {str(build["id"]) for build in facts.builds if build["retained"]}
    for room in ("workspace", "logs"):
        for name in facts.directories(room):
            if name not in projects:
                yield f"orphan: {room}/{name} belongs to no project"
    for project in projects:
        for name in facts.directories(f"workspace/{project}"):
            if not name.endswith(".git"):
                yield f"orphan: workspace/{project}/{name} is needed by nothing"
    for name in facts.directories("builds"):
        yield f"orphan: builds/{name} is needed by nothing"
    for name in facts.directories("output"):
        if name not in retained:
            yield f"orphan: output/{name} is of no build whose output is kept"


def _live(facts: Facts) -> Iterator[str]:
    """The slot of the last switch is the live one, and the proxy serves what its build has made."""
    slots = {(slot["project_id"], slot["slot"]): slot for slot in facts.slots}
    for project in facts.projects:
        switched = [
            each
            for each in facts.deployments
            if each["project_id"] == project["id"] and each["switched_at"] is not None
        ]
        name = project["name"]
        if not switched:
            if project["active_slot"] is not None:
                yield f"wrong: {name} serves from {project['active_slot']}, and nothing was ever deployed"
            continue
        last = switched[-1]
        live = slots.get((project["id"], project["active_slot"]))
        if live is None or (live["deployment_id"], live["build_id"]) != (last["id"], last["build_id"]):
            yield f"wrong: {name} serves {live}, and its last switch was {last}"
            continue
        newest = max(build["id"] for build in facts.builds if build["id"] in {each["build_id"] for each in switched})
        if newest != last["build_id"]:
            yield f"wrong: {name} serves build {last['build_id']}, though {newest} was put live"
        if not project["stopped"]:
            yield from _served(facts, name, facts.build[last["build_id"]])


def _served(facts: Facts, project: str, build: Row) -> Iterator[str]:
    wanted = _text_of(facts.world.ledger.pushes, build["commit_hash"])
    try:
        answer = facts.world.service.visit(f"/{project}/index.html")
    except requests.RequestException as error:
        yield f"wrong: the proxy does not answer for {project}: {error}"
        return
    if wanted is not None and (answer.status_code, answer.text) != (200, wanted):
        yield f"wrong: {project} serves {answer.status_code} {answer.text[:80]!r}, and should {wanted!r}"


def _text_of(pushes: list[Push], commit: str) -> str | None:
    return next((push.text for push in pushes if push.commit == commit), None)


def _logs(facts: Facts) -> Iterator[str]:
    """Lines are dense; each try's numbered lines are there from the first on, once, and all where it succeeded."""
    for build in facts.builds:
        if build["id"] in facts.world.ledger.logs_judged or build["status"] not in ENDED:
            continue
        found = list(_log(facts, build))
        yield from found
        if not found:
            facts.world.ledger.logs_judged.add(build["id"])


def _log(facts: Facts, build: Row) -> Iterator[str]:
    lines = facts.world.service.get(f"/api/builds/{build['id']}/logs?limit=5000")["lines"]
    numbers = [line["number"] for line in lines]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"log: the lines of build {build['id']} are numbered {numbers}"
    if build["log_lines"] != len(numbers):
        yield f"log: build {build['id']} has {len(numbers)} lines, and its row says {build['log_lines']}"
    tries: list[list[str]] = []
    for line in lines:
        if line["text"].startswith("begin "):
            tries.append([])
        elif re.fullmatch(r"line \d+", line["text"]):
            if not tries:
                yield f"log: build {build['id']} prints before it begins"
                return
            tries[-1].append(line["text"])
    for printed in tries:
        if printed != [f"line {number}" for number in range(1, len(printed) + 1)]:
            yield f"log: a try of build {build['id']} has printed {printed}"
    if build["status"] == "Success" and build["output_build_id"] is None and (not tries or len(tries[-1]) != LINES):
        yield f"log: build {build['id']} succeeded, and the last of its {len(tries)} tries has printed {tries[-1:]}"
    if len(tries) > 1 + build["restarts"] + build["infra_retries"]:
        yield f"twice: build {build['id']} ran {len(tries)} times, and was started again {build['restarts']} times"


def _doctor(facts: Facts) -> Iterator[str]:
    """The product's own judge agrees."""
    told = io.StringIO()
    with contextlib.redirect_stdout(_Reconfigurable(told)):
        run(["doctor", "--json", "--data-dir", str(facts.data_dir)])
    document = json.loads(told.getvalue())
    findings = document.get("data", document)["findings"]
    for finding in findings:
        if finding["code"] not in NOT_OURS:
            yield f"doctor: {finding['code']}: {finding['message']}"


class _Reconfigurable:
    """A stream that takes what the command line asks of a terminal."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def reconfigure(self, **_: Any) -> None:
        """Take any text as it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
