"""Faults at every step: calls of the outside are counted, and something happens at the one that a test names.

    faults = Faults()
    store = faults.around("store", store)
    faults.at(7, scope.cancel)

Each call is two steps: before it, and after it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass
class Faults:
    """`steps` names what was reached. `act` may raise, as a call that fails does."""

    steps: list[str] = field(default_factory=list)
    _at: int | None = None
    _act: Callable[[], None] = lambda: None
    # Called before every call with its name; may raise.
    always: Callable[[str], None] = lambda _: None

    def at(self, step: int, act: Callable[[], None]) -> None:
        """Let `act` happen at this step, counted from 1 from now on."""
        self.steps.clear()
        self._at, self._act = step, act

    @property
    def has_happened(self) -> bool:
        return self._at is not None and len(self.steps) >= self._at

    def around(self, name: str, part: T) -> T:
        """Return `part` with its coroutine methods counted."""
        return cast("T", _Around(name, part, self))

    def reach(self, step: str) -> None:
        self.steps.append(step)
        if self._at == len(self.steps):
            self._act()


class _Around:
    def __init__(self, name: str, part: Any, faults: Faults) -> None:
        self._name = name
        self._part = part
        self._faults = faults

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._part, attribute)
        return self._counted(attribute, found) if inspect.iscoroutinefunction(found) else found

    def _counted(self, attribute: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @wraps(method)
        async def counted(*args: Any, **kwargs: Any) -> Any:
            self._faults.always(f"{self._name}.{attribute}")
            self._faults.reach(f"before {self._name}.{attribute}")
            result = await method(*args, **kwargs)
            self._faults.reach(f"after {self._name}.{attribute}")
            return result

        return counted
