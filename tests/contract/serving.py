"""`lci serve` as its supervisor sees it: arguments, environment, its two output streams, its exit status."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.cli.program import Program, Ran

READY = re.compile(r"lci ready api=(http://\S+:\d+) proxy=(http://\S+:\d+)\n")
# Ends a test that hangs, and decides nothing else.
SECONDS = 60.0
ANY_PORTS = ("--api-port", "0", "--proxy-port", "0", "--proxy-workers", "1")


@dataclass
class Serving:
    """A service that has said it is ready. `err` is where its standard error goes."""

    program: Program
    process: subprocess.Popen[str]
    ready: str
    err: Path

    @property
    def api(self) -> str:
        return self._addresses()[0]

    @property
    def proxy(self) -> str:
        return self._addresses()[1]

    def _addresses(self) -> tuple[str, str]:
        found = READY.fullmatch(self.ready)
        assert found is not None, self.ready
        return found[1], found[2]

    def token(self) -> str:
        return self.program.run("token", "create", "--name", "examiner").out.strip()

    def get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token()}"}
        return requests.get(self.api + path, headers=headers, timeout=SECONDS).json()["data"]

    def stop(self, how: signal.Signals = signal.SIGTERM, *, as_terminal: bool = False) -> Ran:
        """End it; what it printed after its ready line, all it logged, and its exit status.

        `as_terminal`: its children get the signal too, as they do when somebody presses Ctrl-C.
        """
        (os.killpg if as_terminal else os.kill)(self.process.pid, how)
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        return Ran(self.process.wait(SECONDS), rest, self.err.read_text())


@contextmanager
def serving(program: Program, *arguments: str, stderr: Any = None, **variables: str) -> Iterator[Serving]:
    """Run `lci serve` with exactly these arguments until the block is left."""
    err = program.home / "stderr"
    with err.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lci_app", "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log if stderr is None else stderr,
            text=True,
            cwd=program.home,
            env={**program.environment, **variables},
            process_group=0,
        )
    assert process.stdout is not None
    try:
        ready = process.stdout.readline()
        assert ready, f"it ended with {process.wait(SECONDS)}: {err.read_text()}"
        yield Serving(program, process, ready, err)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(SECONDS)
        process.stdout.close()


def without(program: Program, *variables: str) -> Program:
    """Return the program in the same environment, but for these variables."""
    kept: Mapping[str, str] = {name: value for name, value in program.environment.items() if name not in variables}
    return Program(program.home, kept)


def tree(directory: Path) -> dict[str, bytes | None]:
    """Return every path below a directory, with the content of files."""
    paths = sorted(directory.rglob("*"))
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in paths}


def refusal(ran: Ran, status: int) -> str:
    """Return the one line that explains why `lci` did not serve."""
    assert (ran.status, ran.out) == (status, ""), ran
    line = ran.err.splitlines()[-1]
    assert line.startswith("lci: "), ran.err
    return line.removeprefix("lci: ")
