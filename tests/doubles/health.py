"""Asks the containers of an engine in memory whether they are healthy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import trio

from lci_app.interfaces import HealthReply
from tests.doubles.engine import EngineWorld


@dataclass
class ProbeDouble:
    """Where a container publishes the port, `answers` are given one after the other, then 200; elsewhere nothing is."""

    world: EngineWorld
    answers: list[int] = field(default_factory=list)
    body: str = "body"
    asked: list[str] = field(default_factory=list)
    # Called at each probe, before it is answered.
    meanwhile: Callable[[], None] = lambda: None

    async def get(self, url: str, timeout: float) -> HealthReply:
        await trio.lowlevel.checkpoint()
        self.asked.append(url)
        self.meanwhile()
        port = urlsplit(url).port
        if not any(each.running and port in each.spec.ports.values() for each in self.world.containers.values()):
            return HealthReply(None, "connection refused", 1.0, "")
        status = self.answers.pop(0) if self.answers else 200
        return HealthReply(status, None, 2.0, self.body)
