"""What `lci doctor` finds: recorded and observed held against each other. Pure."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lci_app.core.disk import Disk, trouble_of
from lci_app.core.model import Build, SlotState, SlotStatus, Timestamp
from lci_app.core.project import Project

# The oldest engine that everything here is tested with.
OLDEST_ENGINE: Final = (20, 10)
# Below either, the next build or the database itself soon fails.
LEAST_FREE_BYTES: Final = 2 * 1024**3
LEAST_FREE_SHARE: Final = 0.05
# Seconds: an answer of a loaded engine may be on its way for a while.
MOST_APART: Final = 30.0


class Severity(StrEnum):
    """ERROR: wrong now. WARNING: soon wrong, or less than was promised. NOTE: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: `message` says what, `mend` what to do about it. Each is a sentence."""

    code: str
    severity: Severity
    subject: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class SeenContainer:
    """One container with our label, as the engine tells of it."""

    id: str
    name: str
    running: bool
    role: str
    project_id: int
    build_id: int
    # Ids of those that it is in.
    networks: Collection[str] = ()


def of_containers(
    projects: Sequence[Project],
    slots: Iterable[SlotState],
    running_builds: Collection[int],
    seen: Sequence[SeenContainer],
) -> Iterator[Finding]:
    """Hold the slots' rows and the engine's containers against each other, both ways."""
    names = {project.id: project.name for project in projects}
    stopped = {project.id for project in projects if project.stopped}
    active = {(project.id, project.active_slot) for project in projects}
    by_id = {container.id: container for container in seen}
    held: set[str] = set()
    for state in slots:
        if state.container_id is None:
            continue
        held.add(state.container_id)
        container = by_id.get(state.container_id)
        subject = f"{names.get(state.project_id, state.project_id)}, {state.slot}"
        if container is None:
            yield _missing(subject)
        elif not container.running and (state.project_id, state.slot) in active and state.project_id not in stopped:
            yield Finding(
                "CONTAINER_DOWN",
                Severity.ERROR,
                subject,
                f"The container {container.name} of {subject} has ended.",
                "See `lci status` and the runtime log; restart the project, deploy again or roll back.",
            )
    for container in seen:
        busy = container.role == "build" and container.build_id in running_builds
        if container.id not in held and not busy:
            yield Finding(
                "ORPHAN_CONTAINER",
                Severity.ERROR,
                container.name,
                f"The container {container.name} ({container.id[:12]}) belongs to nothing that is recorded.",
                "The next start of lci removes it.",
            )


def _missing(subject: str) -> Finding:
    return Finding(
        "CONTAINER_MISSING",
        Severity.ERROR,
        subject,
        f"The container of {subject} is gone: somebody else removed it.",
        "Deploy again or roll back.",
    )


def of_slots(slots: Iterable[SlotState], projects: Sequence[Project]) -> Iterator[Finding]:
    names = {project.id: project.name for project in projects}
    for state in slots:
        if state.status is SlotStatus.ERROR:
            subject = f"{names.get(state.project_id, state.project_id)}, {state.slot}"
            yield Finding(
                "SLOT_IN_ERROR",
                Severity.WARNING,
                subject,
                f"{subject} is in error.",
                "The project's next deployment cleans the slot; where it is the live one, restart or roll back.",
            )


def of_outputs(retained: Iterable[Build], directories: Collection[str]) -> Iterator[Finding]:
    for build in retained:
        if str(build.id) not in directories:
            yield Finding(
                "OUTPUT_MISSING",
                Severity.ERROR,
                f"build {build.id}",
                f"The output of build {build.build_number} of {build.project_name} is recorded as kept and not there.",
                "It cannot be rolled back to; rebuild it if it is needed.",
            )


def of_logs(stored: Iterable[tuple[Build, int]]) -> Iterator[Finding]:
    """`stored`: builds that have ended, each with the number of lines that its log has."""
    for build, lines in stored:
        if lines < build.log_lines:
            yield Finding(
                "LOG_SHORT",
                Severity.ERROR,
                f"build {build.id}",
                f"The log of build {build.build_number} of {build.project_name} has {lines} of its {build.log_lines} "
                "lines.",
                "The disk or somebody else took them: look after the disk, and bring the file back from a backup.",
            )


def of_builds(running: Iterable[Build], *, served: bool) -> Iterator[Finding]:
    """A build that runs needs a service that owns it."""
    for build in () if served else running:
        yield Finding(
            "BUILD_WITHOUT_OWNER",
            Severity.NOTE,
            f"build {build.id}",
            f"Build {build.build_number} of {build.project_name} was {build.status} when lci ended.",
            "The next start of lci brings it to its end or starts it again.",
        )


def of_engine(version: str, *, live_restore: bool) -> Iterator[Finding]:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_ENGINE:
        yield Finding(
            "ENGINE_OLD",
            Severity.WARNING,
            "docker",
            f"The Docker engine is {version}, older than {'.'.join(map(str, OLDEST_ENGINE))}.",
            "Upgrade it: fixes of container escapes are missing, and lci is not tested with it.",
        )
    if not live_restore:
        yield Finding(
            "LIVE_RESTORE_OFF",
            Severity.NOTE,
            "docker",
            "Services stop while the Docker engine is restarted or upgraded.",
            'Put {"live-restore": true} into /etc/docker/daemon.json and reload the engine.',
        )


def of_disk(place: str, disk: Disk) -> Iterator[Finding]:
    share = disk.free_bytes / disk.total_bytes if disk.total_bytes else 1.0
    if disk.free_bytes < LEAST_FREE_BYTES or share < LEAST_FREE_SHARE:
        yield Finding(
            "DISK_LOW",
            Severity.WARNING,
            place,
            f"Only {disk.free_bytes / 1024**3:.1f} GiB ({share:.0%}) are free where {place} lies.",
            "Remove projects, keep fewer releases, or prune what else is on the disk.",
        )
    if disk.total_inodes and disk.free_inodes / disk.total_inodes < LEAST_FREE_SHARE:
        yield Finding(
            "INODES_LOW",
            Severity.WARNING,
            place,
            f"Only {disk.free_inodes} files can still be made where {place} lies.",
            "Remove projects, shared caches, or what else is on the disk.",
        )


def of_reserve(place: str, disk: Disk, reserve: int | None) -> Iterator[Finding]:
    """Tell what keeps builds from starting; that there is little room is told by `of_disk`."""
    reason = trouble_of(place, disk, reserve)
    if reason is not None and reason.blocking:
        mend = (
            "Make room, or mend the disk; nothing that was acknowledged is lost, and builds then start by themselves."
        )
        yield Finding(reason.code, Severity.ERROR, place, reason.message, mend)


def of_clock(ours: Timestamp, engines: str) -> Iterator[Finding]:
    """Hold the engine's clock against this host's; one that the engine does not tell is no finding."""
    try:
        apart = (_moment(engines) - _moment(ours)).total_seconds()
    except ValueError:
        return
    if abs(apart) > MOST_APART:
        yield Finding(
            "CLOCK_SKEW",
            Severity.WARNING,
            "docker",
            f"The Docker engine's clock is {abs(apart):.0f} s {'ahead of' if apart > 0 else 'behind'} this one.",
            "Have both keep time by NTP: logs, tokens and what was restarted are told by the clock.",
        )


def _moment(text: str) -> dt.datetime:
    """Read RFC 3339; more than six digits of a second are cut. ValueError where it is none, or knows no zone."""
    moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment


def of_ports(silent: Iterable[SlotState], projects: Sequence[Project]) -> Iterator[Finding]:
    """`silent`: versions whose container runs while nobody listens at their port."""
    names = {project.id: project.name for project in projects}
    for state in silent:
        subject = f"{names.get(state.project_id, state.project_id)}, {state.slot}"
        yield Finding(
            "PORT_SILENT",
            Severity.ERROR,
            subject,
            f"The container of {subject} runs, but nobody listens at 127.0.0.1:{state.port}: the engine lost its port.",
            "Restart the project (`lci restart`); the engine then publishes its port again.",
        )


def of_modes(open_to_others: Iterable[str]) -> Iterator[Finding]:
    for path in open_to_others:
        yield Finding(
            "MODE_OPEN",
            Severity.ERROR,
            path,
            f"{path} may be read or written by others than its owner.",
            "The next start of lci closes it; find out who opened it.",
        )


def of_copy(here: str, original: str) -> Iterator[Finding]:
    yield Finding(
        "DATA_DIRECTORY_COPIED",
        Severity.ERROR,
        here,
        f"{here} is a copy of {original}, which is still there: both would take the same containers for their own.",
        f"To go on here, move {original} away; to make this one an lci of its own, run `lci new-instance`.",
    )


def of_isolation(*, enforced: bool, reason: str) -> Iterator[Finding]:
    if not enforced:
        yield Finding(
            "ISOLATION_DEGRADED",
            Severity.WARNING,
            "builds",
            f"Isolation degraded: {reason}.",
            "Until the rules can be set, builds can reach this host and its networks, but for lci's own ports.",
        )
