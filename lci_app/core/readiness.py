"""Which of the things that lci stands on are in trouble, and what follows from that. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lci_app.core.codes import ReasonCode


class Condition(StrEnum):
    """What lci stands on; what is told first comes first."""

    DATABASE = "database"
    ENGINE = "engine"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a condition does not hold: a code for programs, a sentence for people.

    One that is not `blocking` is an early warning: everything still goes on.
    """

    code: ReasonCode
    message: str
    blocking: bool = True


Conditions = Mapping[Condition, Reason]


def in_order(found: Conditions) -> Sequence[Reason]:
    """Return what is wrong: what keeps lci from being ready first, then by condition."""
    order = list(Condition)
    listed = sorted(found.items(), key=lambda each: (not each[1].blocking, order.index(each[0])))
    return [reason for _, reason in listed]


def is_ready(reasons: Sequence[Reason]) -> bool:
    """Return whether new work may begin: while it may not, builds are taken and wait in their order."""
    return not any(reason.blocking for reason in reasons)
