"""Pipes that large bodies go through inside the kernel, without ever being copied into this process."""

from __future__ import annotations

import fcntl
import os
from typing import Final

# What one splice moves at most, and what a visitor who stops reading leaves in the kernel.
_SIZE: Final = 1024 * 1024
# So many bodies at once; more are copied. (The kernel gives one user pipes of 64 MiB together, and tiny ones then.)
_MOST: Final = 48
_FLAGS: Final = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK


class Pipe:
    """`level` is how many bytes are in it."""

    __slots__ = ("_into", "_out_of", "level")

    def __init__(self) -> None:
        self._out_of, self._into = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.level = 0
        try:
            fcntl.fcntl(self._into, fcntl.F_SETPIPE_SZ, _SIZE)
        except PermissionError:
            return  # The user's allowance is used up: a small one serves as well, only slower.

    def fill(self, descriptor: int, most: int) -> int:
        """Take up to `most` bytes from a socket; 0 at its end.

        Raises BlockingIOError where it has none now, or the pipe is full; OSError where the connection is lost.
        """
        taken = os.splice(descriptor, self._into, min(most, _SIZE), flags=_FLAGS)
        self.level += taken
        return taken

    def drain(self, descriptor: int) -> None:
        """Put what it holds into a socket. Raises BlockingIOError where there is no room, OSError where it is lost."""
        while self.level:
            self.level -= os.splice(self._out_of, descriptor, self.level, flags=_FLAGS)

    def close(self) -> None:
        os.close(self._out_of)
        os.close(self._into)


class Pipes:
    """A worker's pipes. `close` closes those that are not in use."""

    def __init__(self) -> None:
        self._unused: list[Pipe] = []
        self._in_use = 0

    def take(self) -> Pipe | None:
        """Return an empty pipe, or None where too many are in use or the process is out of descriptors."""
        if self._in_use >= _MOST:
            return None
        try:
            pipe = self._unused.pop() if self._unused else Pipe()
        except OSError:
            return None
        self._in_use += 1
        return pipe

    def give_back(self, pipe: Pipe) -> None:
        self._in_use -= 1
        # What is left in it belongs to a body that was broken off.
        if pipe.level:
            pipe.close()
        else:
            self._unused.append(pipe)

    def close(self) -> None:
        while self._unused:
            self._unused.pop().close()
