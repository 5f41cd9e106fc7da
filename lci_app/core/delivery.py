"""A webhook request that bore a right signature, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lci_app.core.model import Timestamp


class Verdict(StrEnum):
    """What became of a delivery.

    EVENT to SKIP_CI are `data.ignored` values of the answer; UNKNOWN_REPOSITORY and MALFORMED were refused, and are
    decided anew when they come again. REPLAY is told as a duplicate.
    """

    QUEUED = "queued"
    PING = "ping"
    EVENT = "event"
    BRANCH = "branch"
    PATH = "path"
    DELETED = "deleted"
    SKIP_CI = "skip_ci"
    UNKNOWN_REPOSITORY = "unknown_repository"
    MALFORMED = "malformed"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook request that bore a right signature, kept for good."""

    id: int
    delivery_id: str
    event: str
    received_at: Timestamp
    verdict: Verdict
    reason: str
    repository: str = ""
    ref: str = ""
    before: str = ""
    after: str = ""
    build_ids: Sequence[int] = ()
    project_ids: Sequence[int] = ()
