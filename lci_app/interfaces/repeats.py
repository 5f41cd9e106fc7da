"""What makes a request that is repeated count once: its answer is kept together with what it made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lci_app.core.model import Timestamp

T_contra = TypeVar("T_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class RememberedAnswer:
    """The first answer to an `Idempotency-Key`; `fingerprint` is of its request: another one is refused."""

    fingerprint: str
    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Once(Generic[T_contra]):
    """Asks the store to keep, in the transaction that makes something, the answer that tells of it.

    So either both are there after a crash, or neither. `answer` is called within that transaction, in any thread: it
    must not wait. It is not called where nothing is made. Answers from before `forget_before` count no more.
    """

    key: str
    answer: Callable[[T_contra], RememberedAnswer]
    at: Timestamp
    forget_before: Timestamp
