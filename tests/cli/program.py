"""The program as people start it: a process of its own, with an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Program:
    """`lci` in the empty directory `home`, whose configuration directory is `home/config`."""

    home: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str, stdin: str = "", timeout: float = 60, **variables: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "lci_app", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.home,
            env={**self.environment, **variables},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, together: bool = False, **variables: str) -> subprocess.Popen[str]:
        """Start it, standard error apart or `together` with standard output; whoever asked ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "lci_app", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            text=True,
            cwd=self.home,
            env={**self.environment, **variables},
        )


def program_in(home: Path) -> Program:
    root = Path(__file__).parents[2]
    return Program(
        home,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(root),
            "LCI_CONFIG_DIR": str(home / "config"),
            "LCI_DATA_DIR": str(home / "data"),
        },
    )
