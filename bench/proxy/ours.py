"""Our proxy as a bench handles it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from bench.proxy.servants import Servant, run_servant

_ROOT: Final = Path(__file__).resolve().parents[2]
_NO_COMPILER: Final = 3


class Stand:
    """A running `bench.proxy.stand`; `port` is the proxy's, `worker` the process id of its (first) worker."""

    def __init__(self, servant: Servant, upstream: int, beside: int) -> None:
        self._servant = servant
        self._beside = beside
        first = self.publish(0, upstream)
        self.port: int = first["port"]
        self.worker: int = first["workers"][0]

    def publish(self, number: int, upstream: int) -> Mapping[str, Any]:
        """Make what listens at port `upstream` the version that serves; returns when the worker serves by it."""
        answer: Mapping[str, Any] = self._servant.order({"upstream": [number, upstream], "beside": self._beside})
        return answer

    def drain(self, number: int, timeout: float) -> int:
        """Return how many requests were cut."""
        cut: int = self._servant.order({"drain": number, "timeout": timeout})["cut"]
        return cut


@contextmanager
def run_proxy(
    directory: Path, upstream: int, *, workers: int = 1, compiled: bool = True, beside: int = 0, **limits: float
) -> Iterator[Stand]:
    """Run our proxy before the service at port `upstream`; `compiled`: as the executable has it.

    `beside` is the port of another service, at /beside/; 0 for none.
    """
    source = compiled_package() if compiled else _ROOT
    arguments = (str(directory / "run"), str(source), str(workers), json.dumps(limits))
    with run_servant("bench.proxy.stand", *arguments) as servant:
        yield Stand(servant, upstream, beside)


@cache
def compiled_package() -> Path:
    """Return where the package is as the executable has it: uncompiled where there is no compiler."""
    place = _ROOT / "build" / "compiled"
    done = subprocess.run([sys.executable, _ROOT / "packaging" / "compile.py", place], check=False)
    if done.returncode == _NO_COMPILER:
        sys.stderr.write("bench: there is no C compiler: the proxy is not compiled\n")
        return _ROOT
    done.check_returncode()
    return place
