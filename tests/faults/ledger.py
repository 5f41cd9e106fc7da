"""What a sender knows: which pushes it has sent, and what lci has answered to each."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass
class Push:
    """One delivery. `builds` is what lci acknowledged, None until it has; `text` is what the commit's page says."""

    project: str
    commit: str
    text: str
    body: bytes
    delivery: str = field(default_factory=lambda: str(uuid.uuid4()))
    builds: list[int] | None = None


@dataclass
class Ledger:
    """Everything sent to one lci so far, and the final states that were seen of its builds."""

    pushes: list[Push] = field(default_factory=list)
    # Builds that were acknowledged to people: triggered by hand, rollbacks.
    ordered: set[int] = field(default_factory=set)
    ended: dict[int, str] = field(default_factory=dict)
    logs_judged: set[int] = field(default_factory=set)

    def unanswered(self) -> list[Push]:
        return [push for push in self.pushes if push.builds is None]

    def forget(self, project: str, builds: set[int]) -> None:
        """Forget a project that was deleted, with its builds."""
        self.pushes = [push for push in self.pushes if push.project != project]
        self.ordered -= builds
        for build in builds:
            self.ended.pop(build, None)

    def text_of(self, commit: str) -> str:
        return next(push.text for push in self.pushes if push.commit == commit)
