"""The files of a commit, as far as detection looks at them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

# What is read of a repository; of everything else only the path is known.
_TELLING: Final = re.compile(
    r"package\.json|\.nvmrc|\.node-version|\.lci\.toml|Dockerfile|Procfile|requirements\.txt|pyproject\.toml|Pipfile"
    r"|\.python-version|manage\.py|(?:app|main|wsgi|asgi|server|application|urls)\.py|go\.mod|main\.go|Cargo\.toml"
    r"|rust-toolchain(?:\.toml)?|main\.rs|pom\.xml|build\.gradle(?:\.kts)?|application\.(?:properties|ya?ml)"
    r"|(?:server|index|app|main)\.[cm]?[jt]s|(?:next|vite|svelte)\.config\.[cm]?[jt]s"
)
_MAX_DEPTH: Final = 7
_FOREIGN: Final = re.compile(r"(?:^|/)(?:node_modules|vendor|third_party|testdata|fixtures|\.git|\.venv|venv)/")

Value = str | int | tuple[str, ...]


def is_telling(path: str) -> bool:
    """Return whether detection wants to read this file."""
    name = path.rpartition("/")[2]
    return path.count("/") < _MAX_DEPTH and _TELLING.fullmatch(name) is not None and not is_foreign(path)


def is_foreign(path: str) -> bool:
    """Return whether a file is somebody else's, kept in the repository: it says nothing about the project."""
    return _FOREIGN.search(path) is not None


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting that is proposed; `reason` is a sentence that names the file, and the line where there is one."""

    field: str
    value: Value
    reason: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of a repository. Paths are relative to it; `folder` is where it lies, for what people are told."""

    files: frozenset[str]
    texts: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""

    def below(self, folder: str) -> Tree:
        """Return one folder of it; empty for all of it."""
        if not folder:
            return self
        start = f"{folder}/"
        return Tree(
            frozenset(path.removeprefix(start) for path in self.files if path.startswith(start)),
            {path.removeprefix(start): text for path, text in self.texts.items() if path.startswith(start)},
            f"{self.folder}/{folder}".lstrip("/"),
        )

    def text(self, path: str) -> str:
        """Return what a file says; empty where it is not there or was not read."""
        return self.texts.get(path, "")

    def first(self, paths: Iterable[str]) -> str | None:
        """Return the first of `paths` that is there."""
        return next((path for path in paths if path in self.files), None)

    def named(self, pattern: str) -> list[str]:
        """Return the paths that fit a regular expression as a whole, those nearest to the top first."""
        wanted = re.compile(pattern)
        return sorted((path for path in self.files if wanted.fullmatch(path)), key=lambda path: (path.count("/"), path))

    def at(self, path: str, said: str = "") -> str:
        """Return how a place is called: the file, and the first line that holds `said`."""
        shown = f"{self.folder}/{path}".lstrip("/")
        lines = self.text(path).split("\n") if said else []
        line = next((number for number, text in enumerate(lines, 1) if said in text), None)
        return shown if line is None else f"{shown} line {line}"

    def search(self, pattern: str, paths: Iterable[str]) -> tuple[str, re.Match[str]] | None:
        """Return the first file of `paths` in which a regular expression is found, and what it found."""
        wanted = re.compile(pattern)
        for path in paths:
            if (found := wanted.search(self.text(path))) is not None:
                return path, found
        return None
