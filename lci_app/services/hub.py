"""Fans events out to whoever listens. Publishing never waits: a listener that falls too far behind is cut off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal

import trio

from lci_app.core.events import (
    BuildStatusChanged,
    ContainerStatus,
    DeploymentEnded,
    ErrorEvent,
    Published,
    ReadinessReason,
    SystemStatus,
)
from lci_app.core.model import Build, BuildStatus, Slot, SlotState
from lci_app.core.project import Project
from lci_app.core.readiness import Reason, is_ready
from lci_app.interfaces import Clock, StatusChange

# Status events only: log lines are read from the stored log. A client that lets so many pile up is as good as gone.
MAX_PENDING_EVENTS: Final = 2000


class Overrun(Exception):
    """The listener fell more than MAX_PENDING_EVENTS events behind; it hears nothing any more."""


class Listener:
    def __init__(self) -> None:
        self._send, self._receive = trio.open_memory_channel[Published](MAX_PENDING_EVENTS)
        self._overrun = False

    async def receive(self) -> Published:
        """Return the next event. Raises Overrun instead of leaving one out."""
        if self._overrun:
            raise Overrun
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise Overrun from None

    def offer_nowait(self, event: Published) -> None:
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self._overrun = True
            self._send.close()
        except trio.ClosedResourceError:
            pass  # overrun before; its owner learns of it with the next receive

    def close(self) -> None:
        self._send.close()
        self._receive.close()


class Hub:
    """`public_url`: where services are reached."""

    def __init__(self, clock: Clock, public_url: str) -> None:
        self._clock = clock
        self._public_url = public_url
        self._listeners: set[Listener] = set()

    @contextmanager
    def subscribe(self) -> Iterator[Listener]:
        """Hear every event that is published while the block lasts."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            listener.close()

    def publish_nowait(self, event: Published) -> None:
        for listener in self._listeners:
            listener.offer_nowait(event)

    def build_changed(self, change: StatusChange) -> None:
        self._build_status(change.build, change.previous)

    def build_failed(self, build: Build) -> None:
        """Tell why a build failed, before its last status is told."""
        failure = build.failure
        if failure is not None:
            self.publish_nowait(
                ErrorEvent(
                    timestamp=self._clock.now(),
                    code=failure.code,
                    message=failure.message,
                    build_id=build.id,
                    project_id=build.project_id,
                    details={"kind": failure.kind, "stage": failure.stage},
                )
            )

    def build_queued(self, build: Build) -> None:
        self._build_status(build, None)

    def container_changed(self, state: SlotState, status: Literal["Starting", "Running", "Stopped", "Error"]) -> None:
        self.publish_nowait(
            ContainerStatus(
                timestamp=self._clock.now(),
                project_id=state.project_id,
                slot=state.slot,
                container_id=state.container_id or "",
                status=status,
            )
        )

    def service_down(self, project_id: int, message: str) -> None:
        """Tell that a version that should serve does not, and that lci does nothing more about it."""
        self.publish_nowait(
            ErrorEvent(timestamp=self._clock.now(), code="SERVICE_DOWN", message=message, project_id=project_id)
        )

    def readiness_changed(self, reasons: Sequence[Reason]) -> None:
        told = [ReadinessReason(code=each.code, message=each.message, blocking=each.blocking) for each in reasons]
        self.publish_nowait(SystemStatus(timestamp=self._clock.now(), ready=is_ready(reasons), reasons=told))

    def deployment_ended(
        self, project: Project, build_id: int, slot: Slot, status: Literal["Success", "Failed"], reason: str
    ) -> None:
        self.publish_nowait(
            DeploymentEnded(
                timestamp=self._clock.now(),
                build_id=build_id,
                project_id=project.id,
                project_name=project.name,
                status=status,
                slot=slot,
                url=f"{self._public_url}/{project.name}/",
                reason=reason,
            )
        )

    def _build_status(self, build: Build, previous: BuildStatus | None) -> None:
        self.publish_nowait(
            BuildStatusChanged(
                timestamp=self._clock.now(),
                build_id=build.id,
                project_id=build.project_id,
                project_name=build.project_name,
                build_number=build.build_number,
                status=build.status,
                previous_status=previous,
            )
        )
