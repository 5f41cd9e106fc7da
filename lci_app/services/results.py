"""What the services answer: expected outcomes and refusals are values, matched exhaustively by whoever asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lci_app.core.delivery import Verdict
from lci_app.core.model import Build
from lci_app.interfaces import Placed


@dataclass(frozen=True, slots=True)
class BuildsQueued:
    placed: Sequence[Placed]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A right delivery that builds nothing; `verdict` names why, `reason` says it."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class DuplicateDelivery:
    """The delivery came before; these are the builds of the first time."""

    placed: Sequence[Placed]
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Ponged:
    """GitHub's `ping`."""


@dataclass(frozen=True, slots=True)
class SignatureInvalid:
    """No secret fits; nothing was parsed and nothing kept."""


@dataclass(frozen=True, slots=True)
class MalformedDelivery:
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoSuchProject:
    """No project of that repository, name or id."""

    message: str


@dataclass(frozen=True, slots=True)
class NoSuchBuild:
    build_id: int


@dataclass(frozen=True, slots=True)
class BuildFinished:
    build: Build


@dataclass(frozen=True, slots=True)
class NothingToApprove:
    message: str


@dataclass(frozen=True, slots=True)
class NothingRetained:
    message: str


@dataclass(frozen=True, slots=True)
class SlotEmpty:
    message: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """A field that cannot be: `field` names it, `reason` says what it must be."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Deleted:
    containers_removed: int
    builds_deleted: int
    bytes_freed: int


WebhookAnswer = (
    BuildsQueued | Ignored | DuplicateDelivery | Ponged | SignatureInvalid | MalformedDelivery | NoSuchProject
)
