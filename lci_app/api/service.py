"""The service itself: settings, health, and what it runs on."""

from __future__ import annotations

import platform
import secrets
import shutil
from collections import Counter
from typing import Final

import trio

import lci_app
from lci_app.api import problem
from lci_app.api.needs import Addresses, Parts
from lci_app.api.route import Call, Reply
from lci_app.api.wire.system import (
    Alive,
    Disk,
    DockerState,
    IsolationState,
    Queues,
    ReadinessState,
    Ready,
    ReasonDocument,
    SettingsDocument,
    SystemDocument,
    Versions,
    WebhookSecret,
)
from lci_app.config import Config
from lci_app.core.readiness import Reason, is_ready
from lci_app.interfaces import OutsideError
from lci_app.services.intake import WEBHOOK_SECRET

# Who asks whether lci is ready does not wait for an engine that hangs.
PROBE_SECONDS: Final = 3.0
_SECRET_BYTES: Final = 32


class ServicePages:
    def __init__(self, parts: Parts, config: Config, addresses: Addresses) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._docker_version = parts.docker_version
        self._isolation = parts.isolation
        self._readiness = parts.readiness
        self._config = config
        self._addresses = addresses
        self._started = self._clock.seconds()
        self._limiter = trio.CapacityLimiter(1)

    async def show_webhook_secret(self, _: Call) -> Reply:
        secret = await self._store.setting_or_create(WEBHOOK_SECRET, secrets.token_hex(_SECRET_BYTES))
        return Reply(WebhookSecret(secret=secret))

    async def rotate_webhook_secret(self, _: Call) -> Reply:
        secret = secrets.token_hex(_SECRET_BYTES)
        await self._store.set_setting(WEBHOOK_SECRET, secret)
        return Reply(WebhookSecret(secret=secret))

    async def show_settings(self, _: Call) -> Reply:
        return Reply(SettingsDocument.of(self._config, self._addresses))

    async def change_settings(self, call: Call) -> Reply:
        return await self.show_settings(call)

    async def show_system(self, _: Call) -> Reply:
        usage = await trio.to_thread.run_sync(shutil.disk_usage, self._config.data_dir, limiter=self._limiter)
        return Reply(
            SystemDocument(
                versions=Versions(lci=lci_app.__version__, python=platform.python_version()),
                docker=await self._docker(),
                isolation=self._isolated(),
                readiness=self._ready_state(),
                uptime_seconds=round(self._clock.seconds() - self._started, 3),
                disk=Disk(total_bytes=usage.total, free_bytes=usage.free),
                queues=await self._queues(),
            )
        )

    async def healthz(self, _: Call) -> Reply:
        return Reply(Alive(status="ok"))

    async def readyz(self, _: Call) -> Reply:
        """Ask database and engine now, beside what is known: a probe gets no answer that is seconds old."""
        fresh = []
        if not await self._database_answers():
            fresh.append(Reason("DATABASE_UNAVAILABLE", "The database does not answer."))
        docker = await self._docker()
        if not docker.available:
            fresh.append(Reason("DOCKER_UNAVAILABLE", docker.message or "Docker does not answer."))
        told = {reason.code for reason in fresh}
        reasons = [*fresh, *(reason for reason in self._readiness.reasons if reason.code not in told)]
        if not is_ready(reasons):
            raise problem.not_ready(reasons)
        return Reply(Ready(database="ok", docker="ok", reasons=ReasonDocument.listed(reasons)))

    async def _docker(self) -> DockerState:
        try:
            with trio.fail_after(PROBE_SECONDS):
                return DockerState(available=True, version=await self._docker_version(), message=None)
        except (OutsideError, trio.TooSlowError) as error:
            message = str(error) or f"Docker did not answer within {PROBE_SECONDS:g} seconds."
            return DockerState(available=False, version=None, message=message)

    def _ready_state(self) -> ReadinessState:
        reasons = self._readiness.reasons
        return ReadinessState(ready=is_ready(reasons), reasons=ReasonDocument.listed(reasons))

    def _isolated(self) -> IsolationState:
        state = self._isolation.state
        return IsolationState(
            status="enforced" if state.enforced else "degraded", message=None if state.enforced else state.reason
        )

    async def _database_answers(self) -> bool:
        try:
            with trio.fail_after(PROBE_SECONDS):
                await self._store.setting(WEBHOOK_SECRET)
        except (OutsideError, trio.TooSlowError):
            return False
        return True

    async def _queues(self) -> Queues:
        queued = await self._store.queued_builds()
        running = await self._store.running_builds()
        by_key = Counter(build.queue_key for build in queued)
        return Queues(queued=len(queued), running=len(running), by_key=dict(by_key))
