"""Copy the package to a directory and compile there what every visitor's request runs through.

mypyc compiles modules, and the C compiler the scanner of heads. Called as `python packaging/compile.py DIRECTORY`. The
source stays what it is, and runs without this; decision 0010 says what is gained. Ends with status 3 where there is no
C compiler, or Python came without its headers.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "modules"
NO_COMPILER = 3
LEVELS = ("MYPYC_OPT_LEVEL=2", "MYPYC_DEBUG_LEVEL=0")

MODULES = {
    "core": ["http_fields", "http_head", "http_message", "http_rules", "http_scanner", "routing"],
    "proxy": [
        "connection", "exchange", "figures", "forwarded", "outbound", "plane", "pool", "reactor", "rewriting",
        "traffic", "wire",
    ],
}  # fmt: skip
SCANNER = "lci_app/core/http_scan.c"
C_FLAGS = ("-std=gnu11", "-O3", "-Wall", "-Wextra", "-fPIC", "-shared")


def main() -> int:
    target = Path(sys.argv[1])
    if not can_compile():
        return NO_COMPILER
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(target, ignore_errors=True)
        copy_package(target)
        shutil.copytree(compiled(), target, dirs_exist_ok=True)
    return 0


def can_compile() -> bool:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    return shutil.which(compiler) is not None and Path(sysconfig.get_path("include"), "Python.h").exists()


def compiled() -> Path:
    """Return the directory of the compiled modules of this source, made anew unless they are kept already."""
    found = KEPT / digest()
    if not found.exists():
        for old in KEPT.glob("*/"):
            shutil.rmtree(old)
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            copy_package(place)
            run_mypyc(place)
            compile_c(ROOT / SCANNER, (place / SCANNER).with_suffix(sysconfig.get_config_var("EXT_SUFFIX")))
            for module in [*place.glob("*.so"), *place.glob("lci_app/**/*.so")]:
                there = KEPT / "new" / module.relative_to(place)
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(module, there)
        (KEPT / "new").rename(found)
    return found


def digest() -> str:
    """Return what the compiled modules depend on, in short. (Of the other modules they need to know the types only.)"""
    parts = [sys.version, version("mypy"), Path(__file__).read_text("utf-8")]
    parts += [path.read_text("utf-8") for path in sorted(ROOT.glob("lci_app/core/*.py"))]
    parts.append((ROOT / SCANNER).read_text("utf-8"))
    parts += [path.read_text("utf-8") for path in sorted(ROOT.glob("lci_app/proxy/*.py"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def copy_package(target: Path) -> None:
    shutil.copytree(ROOT / "lci_app", target / "lci_app", ignore=shutil.ignore_patterns("__pycache__"))


def run_mypyc(place: Path) -> None:
    """Compile in place; what it says is shown only where it fails."""
    files = [f"lci_app/{room}/{name}.py" for room, names in MODULES.items() for name in names]
    run(
        ["/usr/bin/env", *LEVELS, sys.executable, "-m", "mypyc", *files], "mypyc could not compile the proxy", cwd=place
    )


def compile_c(source: Path, target: Path, *flags: str) -> None:
    """Make an extension of one file of C; what the compiler says is shown only where it fails."""
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    command = [*compiler, *C_FLAGS, *flags, f"-I{sysconfig.get_path('include')}", str(source), "-o", str(target)]
    run(command, f"{source.name} could not be compiled")


def run(command: Sequence[str], failed: str, *, cwd: Path | None = None) -> None:
    """Run a compiler; where it fails, end with what has `failed` and what it said."""
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"{failed}:\n{done.stdout}")


if __name__ == "__main__":
    sys.exit(main())
