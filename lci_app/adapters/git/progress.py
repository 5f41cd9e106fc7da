"""Lines for a build's log about a fetch that is under way: few, short, and none that a remote could forge."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_INTERVAL: Final = 2.0  # seconds between two lines; a log is read by people
_LONGEST: Final = 200  # characters of a remote's own words


class Progress:
    """Tells how a fetch goes on, at most once every two seconds."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.received = 0
        self.started = self._last = time.monotonic()

    def bytes_received(self, count: int) -> None:
        self.received += count
        if self._is_time():
            self.tell(f"Receiving: {size(self.received)}")

    def remote_says(self, words: bytes) -> None:
        """Take what the remote's progress channel holds; its newest line is passed on when it is time."""
        lines = words.replace(b"\r", b"\n").strip().split(b"\n")
        if lines[-1] and self._is_time():
            text = "".join(c for c in lines[-1].decode("utf-8", "replace") if c.isprintable())
            self.tell(f"remote: {text[:_LONGEST]}")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last < _INTERVAL:
            return False
        self._last = now
        return True


def size(count: int) -> str:
    """Return a number of bytes as people write it."""
    value, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
