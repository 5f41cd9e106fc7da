"""What is served is what web/ says: its types hold, its own tests pass, and it builds to the files in the package."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.web.browser import WEB, node

BUILT = WEB.parent / "lci_app" / "static" / "app"


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of web/node_modules."""
    program, *arguments = command
    return subprocess.run(
        [node(), str(WEB / "node_modules" / program), *arguments],
        cwd=WEB,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_files_in_the_package_are_what_the_sources_build_to(tmp_path: Path) -> None:
    built = run("vite/bin/vite.js", "build", LCI_WEB_OUT=str(tmp_path / "app"), NODE_ENV="production")
    assert built.returncode == 0, built.stderr
    new, kept = contents(tmp_path / "app"), contents(BUILT)
    assert sorted(new) == sorted(kept), "build them: npm run build, in web/"
    assert {name for name, body in new.items() if kept[name] != body} == set(), "build them: npm run build, in web/"


def test_the_types_of_the_sources_hold() -> None:
    """But of the one file that is wrong on purpose: a check that has fallen silent would be taken for a good one."""
    checked = run("svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.canary.json", "--output", "machine")
    told = [line for line in checked.stdout.splitlines() if " ERROR " in line or " WARNING " in line]
    assert len(told) == 1, checked.stdout
    assert "canary/Wrong.svelte" in told[0]


def test_the_sources_own_tests_pass() -> None:
    tested = run("vitest/vitest.mjs", "run")
    assert tested.returncode == 0, tested.stdout + tested.stderr
