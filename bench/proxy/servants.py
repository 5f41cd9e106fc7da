"""Programs of the bench that run beside it, so that none of them takes another's turn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]


class Servant:
    """A running program that is spoken to in lines of JSON and stops at its input's end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, order: Any) -> Any:
        """Return the answer to an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.word()

    def word(self) -> Any:
        """Return what it says next. Raises RuntimeError where it has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a program of the bench ended, its own message is above: {self._process.args!r}")
        return json.loads(line)

    def last_word(self) -> Any:
        """Tell it to stop, and return what it says then."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.word()


@contextmanager
def run_servant(module: str, *arguments: str) -> Iterator[Servant]:
    """Run a module of this package; on leaving, it is told to stop and waited for."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    with process:
        try:
            yield Servant(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def say(word: Any) -> None:
    """Say something as a servant."""
    sys.stdout.write(json.dumps(word) + "\n")
    sys.stdout.flush()
