"""What a request costs inside a worker, without the network and without a rival."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.figures import Figure
from bench.proxy.ours import compiled_package

_ROOT: Final = Path(__file__).resolve().parents[2]

RUNS: Final = 5
ROUNDS: Final = 500


def measure() -> Sequence[Figure]:
    """The CPU of a request inside a worker, over socket pairs: compiled, and as the source is."""
    sources = {"compiled": compiled_package(), "not compiled": _ROOT}
    took: dict[str, list[float]] = {name: [] for name in sources}
    for _ in range(RUNS):
        for name, source in sources.items():
            took[name].append(_run(source))
    return [Figure(f"CPU a request, {name}", "µs", values) for name, values in took.items()]


def _run(source: Path) -> float:
    """Run the worker of the package in that directory; returns µs."""
    done = subprocess.run(
        ["env", f"PYTHONPATH={source}:{_ROOT}", sys.executable, "-P", "-m", "bench.proxy.inner_worker", str(ROUNDS)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)
