"""A real Chromium that opens the pages of a real lci: each scenario is a script of web/browser, run by node."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

WEB = Path(__file__).parent.parent.parent / "web"
# Ends a scenario that hangs, and decides nothing else.
SCENARIO_SECONDS = 300.0


def node() -> str:
    found = shutil.which("node")
    assert found, "the dashboard's tests need node: ./scripts/test installs it"
    assert (WEB / "node_modules").is_dir(), "the dashboard's packages are missing: ./scripts/test installs them"
    return found


def run_scenario(name: str, options: Mapping[str, Any], steps: Mapping[str, Callable[..., Any]] | None = None) -> Any:
    """Run web/browser/NAME.mjs and return what it found.

    It is given `options`; where it asks for one of `steps` to happen outside of the browser, that is called with what
    the scenario gives, and what it returns is told to it. AssertionError with its reason where the scenario fails.
    """
    process = subprocess.Popen(
        [node(), str(WEB / "browser" / f"{name}.mjs"), json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    overdue = threading.Timer(SCENARIO_SECONDS, process.kill)
    overdue.start()
    found = None
    complaints: list[str] = []
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    reader = threading.Thread(target=lambda pipe: complaints.append(pipe.read()), args=(process.stderr,))
    reader.start()
    try:
        for line in process.stdout:
            message = json.loads(line)
            if "step" in message:
                answer = (steps or {})[message["step"]](*message["given"])
                process.stdin.write(json.dumps(answer) + "\n")
                process.stdin.flush()
            else:
                found = message["found"]
        process.stdin.close()
    finally:
        if process.poll() is None and found is None:
            process.kill()
        status = process.wait()
        overdue.cancel()
        reader.join()
        process.stdout.close()
        process.stderr.close()
    assert status == 0, f"{name}: {''.join(complaints)}"
    return found
