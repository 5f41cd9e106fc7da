"""The compiled form of the proxy, which the executable carries: what is tested of the source is true of it too."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# What exercises every line that is compiled.
TESTS = (
    "tests/core/test_http_head.py",
    "tests/core/test_routing.py",
    "tests/proxy/conformance/test_requests.py",
    "tests/proxy/conformance/test_answers.py",
    "tests/proxy/conformance/test_closing.py",
    "tests/proxy/test_bodies.py",
    "tests/proxy/test_connection.py",
    "tests/proxy/test_failures.py",
    "tests/proxy/test_figures.py",
    "tests/proxy/test_reactor.py",
    "tests/proxy/test_receipts.py",
    "tests/proxy/test_requests.py",
    "tests/proxy/test_switching.py",
    "tests/proxy/test_tunnels.py",
)
NO_COMPILER = 3


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """The package as the executable has it, with the tests beside it."""
    place = tmp_path / "compiled"
    done = subprocess.run([sys.executable, ROOT / "packaging" / "compile.py", place], check=False)
    if done.returncode == NO_COMPILER:
        pytest.skip("There is no C compiler, or Python came without its headers.")
    assert done.returncode == 0
    shutil.copytree(ROOT / "tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def test_what_is_true_of_the_source_is_true_of_its_compiled_form(compiled: Path) -> None:
    where = "import lci_app.proxy.exchange as module; print(module.__file__)"
    loaded = subprocess.run([sys.executable, "-c", where], cwd=compiled, capture_output=True, text=True, check=True)
    assert loaded.stdout.startswith(f"{compiled}/lci_app/proxy/exchange.")
    assert loaded.stdout.endswith(".so\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run(command, cwd=compiled, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-10_000:]
