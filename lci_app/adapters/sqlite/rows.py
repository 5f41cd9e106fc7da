"""Rows to records and back: one function each, by column name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel

from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.model import (
    Build,
    BuildStatus,
    Deployment,
    DeploymentOutcome,
    Failure,
    FailureKind,
    Health,
    HealthAttempt,
    Slot,
    SlotState,
    SlotStatus,
    Stage,
    StageKind,
    StageStatus,
    Timestamp,
    Trigger,
    Trust,
)
from lci_app.core.project import Project, ProjectSettings
from lci_app.interfaces import RememberedAnswer

_GREATEST: Final = 2**63 - 1


def bound(**values: object) -> dict[str, Any]:
    """Return the values as SQLite takes them.

    Records, mappings and sequences become JSON; what UTF-8 cannot hold becomes `?`; a number beyond 64 bits becomes
    the greatest one, which is no row's id.
    """
    return {name: _column(value) for name, value in values.items()}


def _column(value: object) -> object:
    match value:
        case None | bool() | float():
            return value
        case str():
            return value.encode("utf-8", "replace").decode()
        case int():
            return max(-_GREATEST, min(value, _GREATEST))
        case BaseModel():
            return value.model_dump_json()
        case Mapping():
            return json.dumps(dict(value))
        case Sequence():
            return json.dumps(list(value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            return json.dumps(asdict(value))
        case _:
            raise TypeError(f"no column holds a {type(value).__name__}")


def seconds_between(start: Timestamp | None, end: Timestamp) -> float | None:
    """Return the time from one to the other; None without a start, 0 where the wall clock was set back."""
    if start is None:
        return None
    return max(0.0, round((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds(), 3))


def _slot(value: str | None) -> Slot | None:
    return None if value is None else Slot(value)


def project(row: sqlite3.Row) -> Project:
    return Project(
        id=row["id"],
        name=row["name"],
        settings=ProjectSettings.model_validate_json(row["settings"]),
        blue_port=row["blue_port"],
        green_port=row["green_port"],
        active_slot=_slot(row["active_slot"]),
        stopped=bool(row["stopped"]),
        maintenance=row["maintenance"],
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def slot_state(row: sqlite3.Row) -> SlotState:
    return SlotState(
        project_id=row["project_id"],
        slot=Slot(row["slot"]),
        status=SlotStatus(row["status"]),
        port=row["port"],
        container_id=row["container_id"],
        build_id=row["build_id"],
        build_number=row["build_number"],
        commit_hash=row["commit_hash"],
        started_at=row["started_at"],
        health=Health(row["health"]),
        deployment_id=row["deployment_id"],
    )


def build(row: sqlite3.Row) -> Build:
    return Build(
        id=row["id"],
        project_id=row["project_id"],
        project_name=row["project_name"],
        build_number=row["build_number"],
        status=BuildStatus(row["status"]),
        trigger=Trigger(row["trigger"]),
        branch=row["branch"],
        queue_key=row["queue_key"],
        priority=row["priority"],
        deploy=bool(row["deploy"]),
        trust=Trust(row["trust"]),
        queued_at=row["queued_at"],
        commit_hash=row["commit_hash"],
        commit_message=row["commit_message"],
        commit_author=row["commit_author"],
        requested_by=row["requested_by"],
        pull_request=row["pull_request"],
        needs_approval=bool(row["needs_approval"]),
        approved_commit=row["approved_commit"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
        parameters=json.loads(row["parameters"]),
        output_build_id=row["output_build_id"],
        retained=bool(row["retained"]),
        deployed_slot=_slot(row["deployed_slot"]),
        health_check_attempts=row["health_check_attempts"],
        cancel_requested=row["cancel_requested_at"] is not None,
        restarts=row["restarts"],
        infra_retries=row["infra_retries"],
        failure=None if row["failure"] is None else _failure(json.loads(row["failure"])),
        effective=None if row["effective"] is None else json.loads(row["effective"]),
        log_lines=row["log_lines"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        duration_seconds=row["duration_seconds"],
    )


def _failure(document: dict[str, Any]) -> Failure:
    return Failure(
        kind=FailureKind(document.pop("kind")),
        health_checks=tuple(HealthAttempt(**attempt) for attempt in document.pop("health_checks")),
        container_log=tuple(document.pop("container_log")),
        **document,
    )


def stage(row: sqlite3.Row) -> Stage:
    return Stage(
        build_id=row["build_id"],
        ordinal=row["ordinal"],
        name=row["name"],
        kind=StageKind(row["kind"]),
        status=StageStatus(row["status"]),
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        duration_seconds=row["duration_seconds"],
        error=row["error"],
    )


def health_attempt(row: sqlite3.Row) -> HealthAttempt:
    return HealthAttempt(
        attempt=row["attempt"],
        at=row["at"],
        url=row["url"],
        ok=bool(row["ok"]),
        status=row["status"],
        error=row["error"],
        ms=row["ms"],
        body=row["body"],
    )


def deployment(row: sqlite3.Row, checks: Sequence[HealthAttempt]) -> Deployment:
    return Deployment(
        id=row["id"],
        project_id=row["project_id"],
        build_id=row["build_id"],
        slot=Slot(row["slot"]),
        trigger=Trigger(row["trigger"]),
        started_at=row["started_at"],
        build_number=row["build_number"],
        commit_hash=row["commit_hash"],
        outcome=None if row["outcome"] is None else DeploymentOutcome(row["outcome"]),
        reason=row["reason"],
        health_checks=tuple(checks),
        container_log=tuple(json.loads(row["container_log"])),
        switched_at=row["switched_at"],
        finished_at=row["finished_at"],
        requested_by=row["requested_by"],
        receipt=None if row["receipt"] is None else json.loads(row["receipt"]),
    )


def delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        id=row["id"],
        delivery_id=row["delivery_id"],
        event=row["event"],
        received_at=row["received_at"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        repository=row["repository"],
        ref=row["ref"],
        before=row["before_hash"],
        after=row["after_hash"],
        build_ids=tuple(sorted(json.loads(row["build_ids"]))),
        project_ids=tuple(sorted(json.loads(row["project_ids"]))),
    )


def answer(row: sqlite3.Row) -> RememberedAnswer:
    return RememberedAnswer(
        fingerprint=row["fingerprint"],
        status=row["status"],
        body=row["body"],
        headers=json.loads(row["headers"]),
    )
