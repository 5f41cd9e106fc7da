"""Named points in the way of a push at which a running lci can be killed, made to fail, or held up.

Every call of an adapter is two points, `store.commit_switch:before` and `store.commit_switch:after`. What happens at
which is told to a process by its environment, or, in a file that the environment names, while it runs:

    LCI_FAILPOINT=store.commit_switch:after=kill
    LCI_FAILPOINT=log.feed:after:30=delay:2.5
    LCI_FAILPOINT=store.begin_build:before=enospc,engine.remove:after=raise
    LCI_FAILPOINT=@/tmp/failpoint

`nth` (30 above) counts the hits of that point since it was told; without it the first one counts. What has happened is
noted, a point a line, in a file beside the one that tells (`/tmp/failpoint.hits`).
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trio

from lci_app.interfaces import Trouble

VARIABLE = "LCI_FAILPOINT"
# What an adapter says of a full disk.
FULL = {
    "store": "DATABASE_FULL",
    "log": "LOG_FAILED",
    "logs": "LOG_FAILED",
    "workspace": "WORKSPACE_FAILED",
    "disk": "DISK_FULL",
}
_SPEC = re.compile(
    r"(?P<point>[\w.]+:(?:before|after))(?::(?P<nth>\d+))?"
    r"=(?:(?P<act>kill|raise|enospc)|delay:(?P<seconds>\d+(?:\.\d+)?))"
)


@dataclass(frozen=True)
class FailPoint:
    """What happens at the `nth` hit of a point: `kill`, `raise`, `enospc`, or a delay of `seconds`."""

    point: str
    act: str
    nth: int = 1
    seconds: float = 0.0

    @classmethod
    def parse(cls, spec: str) -> FailPoint:
        """Return what a spec says; ValueError where it says nothing."""
        found = _SPEC.fullmatch(spec)
        if found is None:
            raise ValueError(
                f"{spec!r} is no fail point: it must be POINT:before|after[:NTH]=kill|raise|enospc|delay:S"
            )
        return cls(
            found["point"], found["act"] or "delay", int(found["nth"] or 1), float(found["seconds"] or 0)
        )  # fmt: skip


@dataclass
class Points:
    """Counts the hits of each point and does what was told. Used from any thread."""

    told: str
    # What an adapter rings when the disk does not take a write.
    alarm: Callable[[], None] = lambda: None
    _spec: str = ""
    _armed: Sequence[FailPoint] = ()
    _hits: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def hit(self, point: str) -> None:
        armed = self._due(point)
        if armed is not None and armed.act == "delay":
            await trio.sleep(armed.seconds)
        elif armed is not None:
            # The disk's own look is nobody's write: it would call for the next look at once, without end.
            if armed.act == "enospc" and not point.startswith("disk."):
                self.alarm()
            _act(armed)

    def hit_in_thread(self, point: str) -> None:
        armed = self._due(point)
        if armed is not None and armed.act == "delay":
            time.sleep(armed.seconds)
        elif armed is not None:
            _act(armed)

    def _due(self, point: str) -> FailPoint | None:
        """Return what is to happen at this very hit."""
        with self._lock:
            self._read()
            self._hits[point] += 1
            due = [each for each in self._armed if (each.point, each.nth) == (point, self._hits[point])]
            if due and self.told.startswith("@"):
                with hits_of(Path(self.told[1:])).open("a") as hits:
                    hits.write(f"{point}\n")
            return next(iter(due), None)

    def _read(self) -> None:
        spec = self.told
        if spec.startswith("@"):
            try:
                spec = Path(spec[1:]).read_text().strip()
            except FileNotFoundError:
                spec = ""
        if spec != self._spec:
            self._spec, self._hits = spec, Counter()
            self._armed = [FailPoint.parse(each) for each in spec.split(",") if each]


def hits_of(told: Path) -> Path:
    """Return the file that says at which points something has happened since `told` was written."""
    return told.with_suffix(".hits")


def _act(armed: FailPoint) -> None:
    if armed.act == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    code: Any = "INJECTED"
    what = "something failed"
    if armed.act == "enospc":
        code, what = FULL.get(armed.point.partition(".")[0], "INJECTED_FULL"), "the disk is full"
    raise Trouble(code, f"{what} at {armed.point}, as the test has told")


class Pointed:
    """An adapter each of whose calls is a point before and a point after; else it is what it was."""

    def __init__(self, inner: Any, name: str, points: Points) -> None:
        self._inner = inner
        self._name = name
        self._points = points

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._inner, attribute)
        if attribute.startswith("_") or not callable(found):
            return found
        return pointed_call(found, f"{self._name}.{attribute}", self._points)


def pointed_call(call: Callable[..., Any], name: str, points: Points) -> Callable[..., Any]:
    """Return the call between its two points; what an asynchronous block yields is between points of its own."""
    if inspect.iscoroutinefunction(call):

        @functools.wraps(call)
        async def waited(*given: Any, **named: Any) -> Any:
            await points.hit(f"{name}:before")
            result = await call(*given, **named)
            await points.hit(f"{name}:after")
            return result

        return waited
    if inspect.isasyncgenfunction(getattr(call, "__wrapped__", None)):

        @asynccontextmanager
        async def entered(*given: Any, **named: Any) -> AsyncIterator[Any]:
            await points.hit(f"{name}:before")
            async with call(*given, **named) as value:
                await points.hit(f"{name}:after")
                yield Pointed(value, "log", points) if name == "logs.open" else value
            await points.hit(f"{name}.close:after")

        return entered

    @functools.wraps(call)
    def called(*given: Any, **named: Any) -> Any:
        points.hit_in_thread(f"{name}:before")
        result = call(*given, **named)
        points.hit_in_thread(f"{name}:after")
        return result

    return called
