"""Asking a version whether it is healthy, each attempt kept, told and logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lci_app.core.events import HealthCheck
from lci_app.core.model import HealthAttempt
from lci_app.core.project import ProjectSettings
from lci_app.core.project_values import status_ranges
from lci_app.core.rollout import Probed
from lci_app.interfaces import Clock, HealthProbe, HealthReply, Store
from lci_app.services.candidate import Candidate
from lci_app.services.hub import Hub


def is_healthy(settings: ProjectSettings, reply: HealthReply) -> bool:
    """Return whether this answer to the health check is one that the project counts as healthy."""
    ranges = status_ranges(settings.health_check_status)
    return reply.status is not None and any(low <= reply.status <= high for low, high in ranges)


@dataclass
class HealthChecks:
    store: Store
    probe: HealthProbe
    hub: Hub
    clock: Clock

    async def check(self, candidate: Candidate, attempt: int) -> Probed:
        """Ask the candidate once."""
        settings = candidate.order.settings
        self._announce(candidate, attempt, "Checking", None)
        at = self.clock.now()
        reply = await self.probe.get(candidate.url, settings.health_check_timeout)
        body = candidate.order.delivery.mask.in_text(reply.body)
        ok = is_healthy(settings, reply)
        kept = HealthAttempt(attempt, at, candidate.url, ok, reply.status, reply.error, reply.ms, body)
        candidate.attempts.append(kept)
        await self.store.add_health_check(candidate.deployment.id, kept)
        self._announce(candidate, attempt, "Success" if ok else "Failed", kept)
        said = f"HTTP {reply.status}" if reply.status is not None else reply.error
        await candidate.order.log.system(
            f"Health check {attempt}/{settings.health_check_retries}: {candidate.url} {said} "
            f"in {reply.ms:.0f} ms: {'healthy' if ok else 'not healthy'}."
        )
        return Probed(kept, self.clock.seconds() - candidate.started)

    def _announce(
        self,
        candidate: Candidate,
        attempt: int,
        status: Literal["Checking", "Success", "Failed"],
        kept: HealthAttempt | None,
    ) -> None:
        self.hub.publish_nowait(
            HealthCheck(
                timestamp=self.clock.now(),
                build_id=candidate.order.build.id,
                project_id=candidate.project.id,
                slot=candidate.slot,
                attempt=attempt,
                max_attempts=candidate.order.settings.health_check_retries,
                status=status,
                url=candidate.url,
                response_code=kept.status if kept else None,
                response_time_ms=kept.ms if kept else None,
            )
        )
