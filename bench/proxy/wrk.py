"""Load from wrk, whose requests `browser.lua` varies."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCRIPT: Final = Path(__file__).with_name("browser.lua")


@dataclass(frozen=True, slots=True)
class Load:
    """What one run did. `p50` and `p99` of the time to an answer, in seconds."""

    requests: int
    seconds: float
    failed: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


# Opening a connection costs wrk more than nginx: it takes a second thread to keep either proxy busy.
_CONNECTING_THREADS: Final = 2


def load(port: int, path: str, *, connections: int, seconds: int, close: bool = False) -> Load:
    """Ask for varied paths under `path` as fast as answers come. Raises RuntimeError where a request fails."""
    done = subprocess.run(
        [
            *("wrk", f"-t{_CONNECTING_THREADS if close else 1}", f"-c{connections}", f"-d{seconds}s"),
            *("-s", str(_SCRIPT), f"http://127.0.0.1:{port}", "--", path, *(["close"] if close else [])),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    _, found, result = done.stdout.partition("\nresult: ")
    if not found:
        raise RuntimeError(f"wrk said:\n{done.stdout}{done.stderr}")
    run = Load(**json.loads(result))
    if run.failed or not run.requests:
        raise RuntimeError(f"{run.failed} of {run.requests} requests failed:\n{done.stdout}{done.stderr}")
    return run
