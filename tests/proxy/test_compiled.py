"""The compiled form of the proxy, which the executable carries: what is tested of the source is true of it too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
# What exercises every line that is compiled.
TESTS = (
    "tests/core/test_http_head.py",
    "tests/core/test_http_head_grammar.py",
    "tests/core/test_http_scanner.py",
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

# The interpreted package with a scanner that ends the process at the first byte that it reads or writes beside its
# own, or at the first thing it does that C leaves open. (It is slow: the profile has no time limit for an example.)
SANITIZED = ("-Werror", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
TESTS_OF_THE_SCANNER = "tests/core/test_http_scanner.py"
WITH_SCANNER = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("lci_app.core.http_scan", sys.argv[1])
sys.modules[spec.name] = module = module_from_spec(spec)
spec.loader.exec_module(module)
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci", *sys.argv[2:]]))
"""


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


def test_the_scanner_stays_within_its_memory(tmp_path: Path) -> None:
    compile_step = load(ROOT / "packaging" / "compile.py")
    sanitizer = shared_library("libasan.so")
    if not compile_step.can_compile() or sanitizer is None:
        pytest.skip("There is no C compiler, or it came without its sanitizers.")
    scanner = tmp_path / "http_scan.so"
    compile_step.compile_c(ROOT / "lci_app/core/http_scan.c", scanner, *SANITIZED)
    environment = {
        **os.environ,
        "LD_PRELOAD": sanitizer,
        # Python keeps some memory to the end; and each object in a piece of memory of its own has bounds.
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    command = [sys.executable, "-c", WITH_SCANNER, str(scanner), TESTS_OF_THE_SCANNER]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-10_000:]
    assert " skipped" not in done.stdout


def load(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shared_library(name: str) -> str | None:
    """Return where the compiler has a library, None where it has none."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    found = subprocess.run([compiler, f"-print-file-name={name}"], capture_output=True, text=True, check=True)
    path = found.stdout.strip()
    return path if "/" in path else None
