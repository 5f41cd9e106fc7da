"""The life of a build, as a table. `docs/architecture.md` draws it from here."""

from __future__ import annotations

from typing import Final

from lci_app.core.model import BuildStatus

_S = BuildStatus

# From each status, the statuses that may follow. A restart of lci and a retry after trouble of the machine go back
# to Queued; what has ended never changes again.
TRANSITIONS: Final[dict[BuildStatus, frozenset[BuildStatus]]] = {
    _S.QUEUED: frozenset({_S.BUILDING, _S.CANCELLED, _S.FAILED}),
    _S.BUILDING: frozenset({_S.DEPLOYING, _S.SUCCESS, _S.FAILED, _S.CANCELLED, _S.QUEUED}),
    _S.DEPLOYING: frozenset({_S.SUCCESS, _S.FAILED, _S.CANCELLED, _S.QUEUED}),
    _S.SUCCESS: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
}

FINAL: Final = frozenset(status for status, following in TRANSITIONS.items() if not following)
RUNNING: Final = frozenset({_S.BUILDING, _S.DEPLOYING})


def may_follow(status: BuildStatus, following: BuildStatus) -> bool:
    """Return whether a build in `status` may go to `following`."""
    return following in TRANSITIONS[status]
