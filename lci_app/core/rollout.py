"""Blue/green, decided: a machine that yields what to do next and is told how it went.

The driver (`services.deployer`) obeys; time and failure are its business, so that every path of a rollout can be
walked in a test without either. The order is the promise: the new version is proven healthy before it is committed,
the data plane is told after that, and whatever fails before leaves the old slot exactly as it was.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from lci_app.core.codes import FailureCode
from lci_app.core.model import HealthAttempt

# A version without a health check has to stay up for this many intervals.
STAY_UP_INTERVALS: Final = 3


@dataclass(frozen=True, slots=True)
class HealthRule:
    """`path` empty: the container only has to stay up. Seconds; failures within `start_period` do not count."""

    path: str
    interval: float
    retries: int
    start_period: float = 0.0


# --- what the machine asks for


@dataclass(frozen=True, slots=True)
class CleanSlot:
    """Remove what is left in the idle slot. Answer: nothing."""


@dataclass(frozen=True, slots=True)
class RunBefore:
    """Run the version's own one-off command to its end. Answer: `Ran`."""


@dataclass(frozen=True, slots=True)
class StartCandidate:
    """Start the new version in the idle slot. Answer: nothing (what cannot start is the driver's exception)."""


@dataclass(frozen=True, slots=True)
class LookAtCandidate:
    """Is its container up? Answer: `Up` or `Down`."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Ask its health path once, and keep the attempt. Answer: the `Probed`."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass. Answer: nothing."""

    seconds: float


@dataclass(frozen=True, slots=True)
class CommitSwitch:
    """Make it the project's active version in the database. Answer: `Committed` or `Overruled`."""


@dataclass(frozen=True, slots=True)
class SwitchTraffic:
    """Have every worker of the data plane serve it. Answer: nothing."""


Command = CleanSlot | RunBefore | StartCandidate | LookAtCandidate | Probe | Wait | CommitSwitch | SwitchTraffic


# --- what it is told


@dataclass(frozen=True, slots=True)
class Ran:
    exit_code: int
    out_of_memory: bool


@dataclass(frozen=True, slots=True)
class Up:
    pass


@dataclass(frozen=True, slots=True)
class Down:
    exit_code: int
    out_of_memory: bool


@dataclass(frozen=True, slots=True)
class Probed:
    """`since_start`: seconds since the candidate was started."""

    attempt: HealthAttempt
    since_start: float


@dataclass(frozen=True, slots=True)
class Committed:
    pass


@dataclass(frozen=True, slots=True)
class Overruled:
    """The build was cancelled before it could switch."""


Answer = Ran | Up | Down | Probed | Committed | Overruled | None


# --- how it ends


@dataclass(frozen=True, slots=True)
class Live:
    """The new version serves."""


@dataclass(frozen=True, slots=True)
class NotHealthy:
    """The candidate did not make it; the old slot serves on."""

    code: FailureCode
    reason: str
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Cancelled: the candidate goes, nothing was switched."""


Ending = Live | NotHealthy | Withdrawn
Rollout = Generator[Command, Answer, Ending]


def rollout(rule: HealthRule, *, before: bool = False) -> Rollout:
    """Bring one new version into the idle slot; `before`: it has a command that must succeed before it is started."""
    yield CleanSlot()
    if before and (failed := (yield from _run_before())) is not None:
        return failed
    yield StartCandidate()
    failed = yield from (_until_healthy(rule) if rule.path else _until_settled(rule))
    if failed is None:
        # A version may die of its first request: it must still be there when the traffic comes.
        failed = yield from _still_up()
    if failed is not None:
        return failed
    if isinstance((yield CommitSwitch()), Overruled):
        return Withdrawn()
    yield SwitchTraffic()
    return Live()


def _run_before() -> Generator[Command, Answer, NotHealthy | None]:
    ran = yield RunBefore()
    assert isinstance(ran, Ran)  # noqa: S101 - the driver's contract
    if ran.exit_code == 0:
        return None
    how = "ran out of its memory limit" if ran.out_of_memory else f"ended with exit code {ran.exit_code}"
    return NotHealthy("BEFORE_FAILED", f"The command before the new version's start {how}.", ran.exit_code)


def _until_healthy(rule: HealthRule) -> Generator[Command, Answer, NotHealthy | None]:
    attempt, counted = 0, 0
    while True:
        failed = yield from _still_up()
        if failed is not None:
            return failed
        attempt += 1
        probed = yield Probe(attempt)
        assert isinstance(probed, Probed)  # noqa: S101 - the driver's contract
        if probed.attempt.ok:
            return None
        counted += probed.since_start >= rule.start_period
        if counted >= rule.retries:
            last = probed.attempt.error or f"HTTP {probed.attempt.status}"
            reason = f"The new version did not become healthy in {attempt} attempts; the last said: {last}."
            return NotHealthy("HEALTH_CHECK_FAILED", reason)
        yield Wait(rule.interval)


def _until_settled(rule: HealthRule) -> Generator[Command, Answer, NotHealthy | None]:
    for _ in range(STAY_UP_INTERVALS):
        yield Wait(rule.interval)
        failed = yield from _still_up()
        if failed is not None:
            return failed
    return None


def _still_up() -> Generator[Command, Answer, NotHealthy | None]:
    seen = yield LookAtCandidate()
    if not isinstance(seen, Down):
        return None
    if seen.out_of_memory:
        return NotHealthy("OUT_OF_MEMORY", "The new version ran out of its memory limit.", seen.exit_code)
    return NotHealthy("CONTAINER_EXITED", f"The new version ended with exit code {seen.exit_code}.", seen.exit_code)
