"""Which of the waiting builds start now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lci_app.core.model import Build, Trigger
from lci_app.core.project import QueuePolicy


@dataclass(frozen=True, slots=True)
class QueueRule:
    """How many builds of one key may run at once, and whether all that wait are wanted."""

    policy: QueuePolicy = QueuePolicy.ALL
    limit: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """`start` in this order; `superseded` builds are not wanted any more: a newer one of the same branch waits."""

    start: Sequence[Build]
    superseded: Sequence[Build]


def plan(
    queued: Sequence[Build],
    running_keys: Iterable[str],
    *,
    max_parallel: int,
    rule_of: Callable[[Build], QueueRule],
) -> Plan:
    """Decide. `queued` is in the order in which builds start; one that must wait holds back only its own key.

    One that waits for something else than its turn holds back nobody.
    """
    running = Counter(running_keys)
    free = max_parallel - running.total()
    newest = {_branch(build): build.id for build in sorted(queued, key=lambda each: each.id) if _follows_branch(build)}
    start: list[Build] = []
    superseded: list[Build] = []
    for build in queued:
        rule = rule_of(build)
        if rule.policy is QueuePolicy.LATEST and _follows_branch(build) and build.id != newest[_branch(build)]:
            superseded.append(build)
        elif build.waits_for is None and free > 0 and running[build.queue_key] < rule.limit:
            running[build.queue_key] += 1
            free -= 1
            start.append(build)
    return Plan(start, superseded)


def _follows_branch(build: Build) -> bool:
    """Return whether it is for what its branch holds now.

    One for a commit or a kept version that a person chose neither supersedes nor is superseded.
    """
    chosen = build.trigger is not Trigger.WEBHOOK and build.commit_hash is not None
    return not chosen and build.output_build_id is None


def _branch(build: Build) -> tuple[int, str, str]:
    # Several projects may share a key: what is new in one says nothing about another.
    return build.project_id, build.branch, build.queue_key
