"""The house's own rules: what the tools cannot say about files, scripts and lock files."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lci_app

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lci_app"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

COMMANDS = sorted(
    path
    for folder in ("scripts", "scripts/images", "packaging", ".ci")
    for path in (ROOT / folder).iterdir()
    if path.is_file() and path.suffix in {"", ".sh"}
)
SHELL_FILES = [path for path in COMMANDS if path.read_text("utf-8").startswith("#!/bin/bash\n")]
SOURCED = sorted((ROOT / "scripts/lib").glob("*.sh"))
LOCKS = [
    ROOT / "requirements.lock",
    ROOT / "requirements-dev.lock",
    ROOT / "scripts/lib/uv.lock",
    ROOT / "scripts/lib/node.lock",
]

MAX_LINES = 300
MAX_LINES_LONG = 400
# One thing each, that reads worse in two files.
LONG_FILES: set[str] = set()

WEB_SOURCES = {".ts", ".svelte", ".mjs", ".js", ".css"}
# Generated, and the dictionaries, which are tables.
WEB_TABLES = {"web/src/wire/generated.ts", "web/src/words/en.ts", "web/src/words/ko.ts"}

# Rooms whose tests follow a story through many files instead of one file.
STORIES = ("tests/whole/", "tests/proxy/", "tests/cli/", "tests/contract/", "tests/web/", "tests/faults/")
# Tests of many files of a few lines each, and of what is not in the package.
NOT_MIRRORED = frozenset({"tests/test_docs.py", "tests/test_house.py", "tests/test_scripts.py"})


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def pins(lock: Path) -> dict[str, set[str]]:
    """Every version that a lock file pins, by canonical name (markers may pin two)."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text("utf-8"), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


@pytest.mark.parametrize("script", COMMANDS, ids=relative)
def test_a_script_can_be_started(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").startswith("#!/")


@pytest.mark.parametrize("script", SHELL_FILES + SOURCED, ids=relative)
def test_a_script_is_sound_to_the_shell(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("script", SHELL_FILES, ids=relative)
def test_a_script_stops_at_its_first_failure(script: Path) -> None:
    text = script.read_text("utf-8")
    assert "set -euo pipefail" in text or "lib/base.sh" in text


@pytest.mark.parametrize("path", [*COMMANDS, *SOURCED, *LOCKS], ids=relative)
def test_set_up_names_no_host(path: Path) -> None:
    assert not re.findall(r"\w+://[\w.-]+\.[a-z]{2,}|--(?:extra-)?index-url|--find-links", path.read_text("utf-8"))


def test_the_lock_file_of_the_web_page_pins_by_hash_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "web/package-lock.json").read_text("utf-8"))
    packages = [entry for place, entry in lock["packages"].items() if place]
    assert packages
    assert all("integrity" in entry and "resolved" not in entry for entry in packages)


@pytest.mark.parametrize("lock", LOCKS, ids=relative)
def test_a_lock_file_pins_every_package_with_hashes(lock: Path) -> None:
    text = re.sub(r"^\s*#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    assert entries
    pinned = re.compile(r"[\w.-]+(\[[\w,-]+\])?==[\w.!+-]+( ; [^\\]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not pinned.fullmatch(entry)] == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (LOCKS[0], PYPROJECT["project"]["dependencies"]),
        (LOCKS[1], PYPROJECT["project"]["dependencies"] + PYPROJECT["project"]["optional-dependencies"]["dev"]),
    ],
    ids=["run", "test"],
)
def test_a_lock_file_agrees_with_pyproject(lock: Path, wanted: list[str]) -> None:
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {lock.name}: run ./scripts/lock"
        assert all(requirement.specifier.contains(version) for version in versions), (
            f"{requirement}: run ./scripts/lock"
        )


def test_tests_run_with_the_packages_that_the_service_runs_with() -> None:
    for_run, for_test = pins(LOCKS[0]), pins(LOCKS[1])
    assert {name: for_test.get(name) for name in for_run} == for_run


def test_the_version_is_said_once_in_two_places() -> None:
    assert PYPROJECT["project"]["version"] == lci_app.__version__


def test_no_source_file_is_longer_than_one_can_read_at_once() -> None:
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name for name, length in lengths.items() if length > MAX_LINES} == LONG_FILES
    assert max(lengths.values()) <= MAX_LINES_LONG


def test_no_file_of_the_web_page_is_longer_than_one_can_read_at_once() -> None:
    folders = ((ROOT / "web" / name).rglob("*") for name in ("src", "browser", "public"))
    sources = [path for folder in folders for path in folder if path.suffix in WEB_SOURCES]
    assert sources
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in sources}
    assert {name for name, length in lengths.items() if length > MAX_LINES} <= WEB_TABLES


def mirrors(test: Path) -> bool:
    """Whether a source file or room bears the test's name or its beginning, or the test's folder is a room's own.

    test_log_files_search is of log_files; all in tests/adapters/docker is of adapters/docker.
    """
    floor_and_room = test.parent.relative_to(ROOT / "tests")
    room = PACKAGE / floor_and_room
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
    named = any((room / f"{name}.py").exists() or (room / name).is_dir() for name in names)
    return named or (len(floor_and_room.parts) > 1 and room.is_dir())


def test_every_test_file_mirrors_a_source_file() -> None:
    tests = (path for path in (ROOT / "tests").rglob("test_*.py") if not relative(path).startswith(STORIES))
    assert {relative(path) for path in tests if not mirrors(path)} - NOT_MIRRORED == set()


def test_the_readme_shows_the_two_commands_and_the_demo() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "./scripts/run" in readme
    assert "./scripts/run --demo" in readme
    assert "./scripts/test" in readme
