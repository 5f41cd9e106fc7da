"""The long run, and what it counts: `./scripts/faults --hours N [--kills N] [--seed S] [--webhooks N | --strace]`."""

from __future__ import annotations

import argparse
import itertools
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.oracle import KINDS, Facts, judge, wait_quiet
from tests.faults.system_calls import CALLS as SYSTEM_CALLS
from tests.faults.system_calls import WRITES, push_and_fail, push_and_kill
from tests.faults.world import SLOW_BUILD, World, run_world
from tests.whole.service import Refused

# Adapter calls on the way of pushes, rollbacks and cancellations: lci is killed before or after any of them.
CALLS = (
    "store.record_delivery", "store.queued_builds", "store.begin_build", "store.set_effective", "store.begin_stage",
    "store.end_stage", "store.finish_build", "store.begin_deploying", "store.begin_deployment", "store.set_slot",
    "store.add_health_check", "store.commit_switch", "store.end_deployment", "store.record_receipt",
    "store.queue_build", "store.request_cancel", "store.forget_output", "logs.open", "log.feed", "log.begin_stage",
    "source.checkout", "workspace.make", "workspace.remove", "engine.run_attached", "engine.start", "engine.remove",
    "engine.inspect", "engine.serve_for_good", "docker.create", "docker.open_attached", "docker.start",
    "docker.remove", "docker.project_network", "proxy.publish", "proxy.drain",
)  # fmt: skip
# How long a fail point is waited for before lci is killed wherever it is. Seconds.
PATIENCE = 4.0
DUPLICATES = 0.1
KILL_EVERY = 100
CHECK_EVERY = 10


@dataclass
class Run:
    """One long run: a world, its dice, and what it has counted."""

    world: World
    dice: random.Random
    until: float
    kills: int = 0
    stops: int = 0
    errors: int = 0
    found: list[str] = field(default_factory=list)
    projects: tuple[str, ...] = ("one", "two", "slow")

    def prepare(self) -> None:
        for name in self.projects:
            self.world.add_project(name, **({"build_command": SLOW_BUILD} if name == "slow" else {}))

    def is_over(self, kills: int) -> bool:
        return bool(self.found) or self.kills >= kills or time.monotonic() > self.until

    def round(self) -> None:
        """Do what people and GitHub do until lci is dead; start it again; sometimes judge it."""
        by_point = self.dice.random() < 0.7
        if by_point:
            when = self.dice.choice(("before", "after"))
            self.world.arm(f"{self.dice.choice(CALLS)}:{when}:{self.dice.randint(1, 4)}=kill")
        self.act()
        self.die(self.dice.random() * PATIENCE if not by_point else PATIENCE)
        self.world.restart()
        self.deploy_again()
        if self.dice.random() < 0.5:
            self.check()

    def act(self) -> None:
        pushes = [self.world.commit(self.dice.choice(self.projects)) for _ in range(self.dice.randint(1, 3))]
        sent = [*pushes, *(push for push in self.world.ledger.pushes[-20:] if self.dice.random() < DUPLICATES)]
        self.dice.shuffle(sent)
        for push in sent:
            self.world.deliver(push)
        answered = [push for push in pushes if push.builds]
        if answered and self.dice.random() < 0.2:
            self.attempt(lambda: self.world.cancel((self.dice.choice(answered).builds or [0])[0]))
        if self.dice.random() < 0.15:
            self.attempt(lambda: self.world.order(f"/api/projects/{self.dice.choice(self.projects)}/rollback"))

    def attempt(self, act: Callable[[], object]) -> None:
        """Do what lci may refuse by then: a build has ended, nothing is kept to go back to."""
        try:
            act()
        except Refused as refused:
            if refused.status not in {404, 409, 422}:
                raise

    def die(self, patience: float) -> None:
        process = self.world.service.process
        assert process is not None
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
        if process.poll() is None and self.dice.random() < 0.15:
            self.world.arm("")
            status = self.world.service.stop()
            # The fail point may have been quicker.
            killed = status == -signal.SIGKILL
            self.kills += killed
            self.stops += not killed
            if status not in {0, -signal.SIGKILL}:
                self.found.append(f"state: lci was told to stop and ended with {status}")
            return
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        self.world.wait_killed()
        self.kills += 1

    def deploy_again(self) -> None:
        """A rollback has turned automatic deployment off."""
        for name in self.projects:
            self.world.service.call("PUT", f"/api/projects/{name}", {"auto_deploy": True})

    def webhooks(self, count: int) -> None:
        """Deliver many pushes; kill about every hundredth."""
        for number in range(count):
            if self.dice.random() < 1 / KILL_EVERY:
                when = self.dice.choice(("before", "after"))
                self.world.arm(f"store.record_delivery:{when}=kill")
            push = self.world.commit(self.dice.choice(self.projects))
            alive = self.world.deliver(push)
            if alive and self.dice.random() < DUPLICATES:
                self.world.deliver(self.dice.choice(self.world.ledger.pushes))
            if not alive:
                self.world.wait_killed()
                self.kills += 1
                self.world.restart()
                print(f"{number + 1} webhooks, {self.kills} kills", flush=True)

    def sweep(self, kills: int) -> None:
        """Kill at the first, the second, ... of each system call on a push's way, until a push makes no more of it;
        then have the disk fail so at each that writes.
        """
        self._sweep(SYSTEM_CALLS, self._kill_at, kills)
        self._sweep(WRITES, self._fail_at, sys.maxsize)

    def _sweep(self, calls: Sequence[str], act: Callable[[str, int], bool], kills: int) -> None:
        for call in calls:
            for nth in itertools.count(1):
                if self.is_over(kills) or not act(call, nth):
                    break
                print(f"{call} {nth}: {self.kills} kills, {self.errors} failed writes", flush=True)
                if nth % CHECK_EVERY == 0:
                    self.check()
            self.check()

    def _kill_at(self, call: str, nth: int) -> bool:
        killed = push_and_kill(self.world, self.dice.choice(self.projects), call, nth)
        if killed:
            self.kills += 1
            self.world.restart()
        return killed

    def _fail_at(self, call: str, nth: int) -> bool:
        failed = push_and_fail(self.world, self.dice.choice(self.projects), call, nth)
        self.errors += failed
        return failed

    def check(self) -> None:
        try:
            wait_quiet(self.world)
        except AssertionError as error:
            kind = "twice" if "twice" in str(error) else "zombie"
            self.found.append(f"{kind}: {error}")
        self.found += judge(self.world)

    def summary(self) -> str:
        facts = Facts(self.world)
        kinds = Counter(each.partition(":")[0] for each in self.found)
        figures = {
            "kills": self.kills,
            "stops": self.stops,
            "failed writes": self.errors,
            "webhooks": len(self.world.ledger.pushes),
            "builds": len(facts.builds),
            "deployments": sum(each["switched_at"] is not None for each in facts.deployments),
            **{kind: kinds[kind] for kind in KINDS},
        }
        return "\n".join([*(f"{name:13} {value}" for name, value in figures.items()), *self.found])


def main() -> int:
    parser = argparse.ArgumentParser(prog="./scripts/faults", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0, help="end after so long (default: 1)")
    parser.add_argument("--kills", type=int, default=1_000_000, help="end after so many kills")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument(
        "--webhooks", type=int, default=0, help="deliver so many pushes instead, a kill every hundredth"
    )
    parser.add_argument(
        "--strace", action="store_true", help="kill at, or fail, one system call after the other instead"
    )
    arguments = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="lci-faults-"))
    print(f"seed {arguments.seed}, data directory {root}", flush=True)
    with run_world(root, options=["--max-parallel-builds", "3"]) as world:
        run = Run(world, random.Random(arguments.seed), time.monotonic() + arguments.hours * 3600)
        run.prepare()
        if arguments.webhooks:
            run.webhooks(arguments.webhooks)
        elif arguments.strace:
            run.sweep(arguments.kills)
        else:
            while not run.is_over(arguments.kills):
                run.round()
                print(f"{run.kills} kills, {len(world.ledger.pushes)} webhooks", flush=True)
        run.check()
        print(run.summary())
    return 1 if run.found else 0


if __name__ == "__main__":
    sys.exit(main())
