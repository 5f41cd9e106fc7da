"""Builds: the list's form, the whole with stages and failure, and the place in the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field

from lci_app.api.wire.base import Answer, Body, GrowingPage, Id
from lci_app.core.events import ToldFailureCode
from lci_app.core.model import (
    Build,
    BuildStatus,
    Failure,
    FailureKind,
    HealthAttempt,
    Slot,
    Stage,
    StageKind,
    StageStatus,
    Timestamp,
    Trigger,
    Trust,
    Wait,
)
from lci_app.interfaces import Placed


class ProjectBuildsQuery(GrowingPage):
    status: BuildStatus | None = None


class BuildsQuery(ProjectBuildsQuery):
    project_id: Id | None = None


class TriggerBody(Body):
    commit_hash: str | None = Field(default=None, max_length=64)
    branch: str | None = Field(default=None, min_length=1, max_length=255)
    parameters: dict[str, str] = Field(default_factory=dict)
    priority: int = Field(default=0, ge=-1000, le=1000)
    deploy: bool | None = None


class ApprovalBody(Body):
    """`commit_hash`: what was looked at; where it is given, and the build is of another commit, nothing is approved."""

    commit_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class BuildDocument(Answer):
    """A build. `waits_for`: what a queued one waits for beside its turn. `branch` of a pull request is its base."""

    id: int
    project_id: int
    project_name: str
    build_number: int
    status: BuildStatus
    trigger: Trigger
    branch: str
    commit_hash: str | None
    commit_message: str
    commit_author: str
    queue_key: str
    priority: int
    parameters: Mapping[str, str]
    deploy: bool
    trust: Trust
    requested_by: str
    pull_request: int | None
    waits_for: Wait | None
    approved_by: str | None
    approved_at: Timestamp | None
    deployed_slot: Slot | None
    output_build_id: int | None
    retained: bool
    health_check_attempts: int
    cancel_requested: bool
    restarts: int
    infra_retries: int
    log_lines: int
    queued_at: Timestamp
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_seconds: float | None

    @classmethod
    def of(cls, build: Build) -> BuildDocument:
        return BuildDocument.model_construct(**_shared(BuildDocument, build))


class BuildList(Answer):
    total: int
    builds: list[BuildDocument]


class StageDocument(Answer):
    name: str
    kind: StageKind
    status: StageStatus
    started_at: Timestamp | None
    finished_at: Timestamp | None
    duration_seconds: float | None
    error: str | None


class HealthCheckDocument(Answer):
    attempt: int
    at: Timestamp
    url: str
    ok: bool
    status: int | None
    error: str | None
    ms: float
    body: str

    @classmethod
    def of(cls, attempt: HealthAttempt) -> HealthCheckDocument:
        return HealthCheckDocument.model_construct(**_shared(HealthCheckDocument, attempt))


class FailureDocument(Answer):
    kind: FailureKind
    stage: str
    code: ToldFailureCode
    message: str
    exit_code: int | None
    log_line: int | None
    health_checks: list[HealthCheckDocument]
    container_log: list[str]


class BuildPage(BuildDocument):
    """One build with all there is to know. `effective`: each setting it ran with, and where that came from.

    `queue_position`: null where it waits for no turn, since it is not queued or waits for approval.
    """

    queue_position: int | None
    stages: list[StageDocument]
    failure: FailureDocument | None
    effective: Mapping[str, Any] | None


class QueuedBuild(Answer):
    """A build that has just been queued; position 1 starts next, null waits for something else than its turn first."""

    build_id: int
    build_number: int
    project_id: int
    project_name: str
    status: BuildStatus
    trigger: Trigger
    branch: str
    commit_hash: str | None
    queue_key: str
    queue_position: int | None
    waits_for: Wait | None

    @classmethod
    def of(cls, placed: Placed) -> Self:
        build = placed.build
        return cls(
            build_id=build.id,
            build_number=build.build_number,
            project_id=build.project_id,
            project_name=build.project_name,
            status=build.status,
            trigger=build.trigger,
            branch=build.branch,
            commit_hash=build.commit_hash,
            queue_key=build.queue_key,
            queue_position=placed.position,
            waits_for=build.waits_for,
        )


class QueuedRollback(QueuedBuild):
    """`auto_deploy`: from now on pushes are built and verified, not deployed, until it is turned on again."""

    auto_deploy: bool = False


class QueuedBuilds(Answer):
    builds: list[QueuedBuild]

    @classmethod
    def of(cls, placed: Sequence[Placed]) -> Self:
        return cls(builds=[QueuedBuild.of(each) for each in placed])


def build_list(total: int, builds: Sequence[Build]) -> BuildList:
    return BuildList.model_construct(total=total, builds=[BuildDocument.of(build) for build in builds])


def build_page(build: Build, stages: Sequence[Stage], queue_position: int | None) -> BuildPage:
    return BuildPage.model_construct(
        **_shared(BuildDocument, build),
        queue_position=queue_position,
        stages=[StageDocument.model_construct(**_shared(StageDocument, stage)) for stage in stages],
        failure=None if build.failure is None else _failure(build.failure),
        effective=build.effective,
    )


def _failure(failure: Failure) -> FailureDocument:
    return FailureDocument(
        kind=failure.kind,
        stage=failure.stage,
        code=failure.code,
        message=failure.message,
        exit_code=failure.exit_code,
        log_line=failure.log_line,
        health_checks=[HealthCheckDocument.of(each) for each in failure.health_checks],
        container_log=list(failure.container_log),
    )


def _shared(model: type[Answer], record: Any) -> dict[str, Any]:
    """Return the fields that a record and a model of the wire both have, under the same names."""
    return {name: getattr(record, name) for name in model.model_fields if hasattr(record, name)}
