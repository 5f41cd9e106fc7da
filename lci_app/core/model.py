"""The words lci speaks: states, and the records that one row of the store each holds.

Wire values are the enumerations' values. Every time is text: RFC 3339, UTC, three fractional digits and `Z`,
so that times sort as text. Durations are seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lci_app.core.codes import FailureCode

Timestamp = str
JsonObject = Mapping[str, Any]


class Slot(StrEnum):
    BLUE = "Blue"
    GREEN = "Green"

    @property
    def other(self) -> Slot:
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE


class SlotStatus(StrEnum):
    EMPTY = "empty"
    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"
    STOPPED = "stopped"
    ERROR = "error"


class Health(StrEnum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class BuildStatus(StrEnum):
    QUEUED = "Queued"
    BUILDING = "Building"
    DEPLOYING = "Deploying"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class Trigger(StrEnum):
    WEBHOOK = "webhook"
    MANUAL = "manual"
    REBUILD = "rebuild"
    ROLLBACK = "rollback"
    SCHEDULE = "schedule"
    PULL_REQUEST = "pull_request"


class Trust(StrEnum):
    """Whether somebody who may write to the repository's branches vouches for what a build runs.

    Decided when a build is queued, and kept: an untrusted one gets no secrets, shares no cache and is never deployed.
    """

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"


class Wait(StrEnum):
    """What a queued build waits for, beside its turn."""

    APPROVAL = "approval"


class StageStatus(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    CANCELLED = "Cancelled"


class StageKind(StrEnum):
    """What a stage does; a build has one `source`, any number of `step`s and at most one `deploy`."""

    SOURCE = "source"
    STEP = "step"
    DEPLOY = "deploy"


class FailureKind(StrEnum):
    """Whose failure it is: the project's own, its new version's, or the machine's."""

    BUILD = "build"
    DEPLOY = "deploy"
    INFRA = "infra"


class DeploymentOutcome(StrEnum):
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    FLIPPED_BACK = "FlippedBack"


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"


class Scope(StrEnum):
    """What a token may do; each contains the ones before it."""

    READ = "read"
    DEPLOY = "deploy"
    ADMIN = "admin"

    def allows(self, needed: Scope) -> bool:
        order = (Scope.READ, Scope.DEPLOY, Scope.ADMIN)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class HealthAttempt:
    """One look at a candidate: `status` is HTTP's, `error` a short reason where there was no answer."""

    attempt: int
    at: Timestamp
    url: str
    ok: bool
    status: int | None
    error: str | None
    ms: float
    body: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    kind: FailureKind
    stage: str
    code: FailureCode
    message: str
    exit_code: int | None = None
    log_line: int | None = None
    health_checks: Sequence[HealthAttempt] = ()
    container_log: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Build:
    id: int
    project_id: int
    project_name: str
    build_number: int
    status: BuildStatus
    trigger: Trigger
    branch: str
    queue_key: str
    priority: int
    deploy: bool
    trust: Trust
    queued_at: Timestamp
    commit_hash: str | None = None
    commit_message: str = ""
    commit_author: str = ""
    # Who or what asked for it: a person's name, a token's, or "webhook".
    requested_by: str = ""
    # The number of the pull request whose head it builds; `branch` is then the one that it asks to be merged into.
    pull_request: int | None = None
    needs_approval: bool = False
    # The commit that was approved: no other one is.
    approved_commit: str | None = None
    approved_by: str | None = None
    approved_at: Timestamp | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    # The build whose kept output is deployed (a rollback); null where this build makes its own.
    output_build_id: int | None = None
    # Whether output/BUILD_ID is still kept, so that this build can be rolled back to.
    retained: bool = False
    deployed_slot: Slot | None = None
    health_check_attempts: int = 0
    cancel_requested: bool = False
    # How often lci's own restart has started this build again, and how often trouble of the machine has.
    restarts: int = 0
    infra_retries: int = 0
    failure: Failure | None = None
    # The settings this build ran with: value and origin of each; null until the source was read.
    effective: JsonObject | None = None
    log_lines: int = 0
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    duration_seconds: float | None = None

    @property
    def is_approved(self) -> bool:
        """Whether it may run: nobody has to approve it, or somebody has approved exactly its commit."""
        return not self.needs_approval or (self.commit_hash is not None and self.approved_commit == self.commit_hash)

    @property
    def waits_for(self) -> Wait | None:
        """What it waits for beside its turn; until then it is in nobody's way."""
        return Wait.APPROVAL if self.status is BuildStatus.QUEUED and not self.is_approved else None


@dataclass(frozen=True, slots=True)
class NewBuild:
    """What must be known to queue a build; the store gives it id and number."""

    project_id: int
    trigger: Trigger
    branch: str
    queue_key: str
    trust: Trust
    commit_hash: str | None = None
    commit_message: str = ""
    commit_author: str = ""
    requested_by: str = ""
    pull_request: int | None = None
    needs_approval: bool = False
    approved_commit: str | None = None
    approved_by: str | None = None
    approved_at: Timestamp | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    deploy: bool = True
    output_build_id: int | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    build_id: int
    ordinal: int
    name: str
    kind: StageKind
    status: StageStatus
    started_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    duration_seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class SlotState:
    """One of a project's two places for a running version."""

    project_id: int
    slot: Slot
    status: SlotStatus = SlotStatus.EMPTY
    port: int = 0
    container_id: str | None = None
    build_id: int | None = None
    build_number: int | None = None
    commit_hash: str | None = None
    started_at: Timestamp | None = None
    health: Health = Health.UNKNOWN
    # The deployment that put this version here: the id under which the data plane counts its requests.
    deployment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """One try to put a version into a slot. `outcome` is null while it is under way."""

    id: int
    project_id: int
    build_id: int
    slot: Slot
    trigger: Trigger
    started_at: Timestamp
    build_number: int = 0
    commit_hash: str | None = None
    outcome: DeploymentOutcome | None = None
    reason: str = ""
    health_checks: Sequence[HealthAttempt] = ()
    container_log: Sequence[str] = ()
    switched_at: Timestamp | None = None
    finished_at: Timestamp | None = None
    requested_by: str = ""
    # What became of the requests that were in flight at the last switch between this version and the one before it, by
    # a deployment or by hand: in_flight, finished, cut.
    receipt: JsonObject | None = None


def later(at: Timestamp, seconds: float) -> Timestamp:
    """Return the time so many seconds after `at`."""
    moved = dt.datetime.fromisoformat(at) + dt.timedelta(seconds=seconds)
    return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def earlier(at: Timestamp, seconds: float) -> Timestamp:
    return later(at, -seconds)
