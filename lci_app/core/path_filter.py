"""The path filter of a project: comma-separated gitignore-style patterns, `!` excludes, the last decides."""

from __future__ import annotations

import re
from typing import Final

import pathspec

EVERYTHING: Final = "**"


def fitting_files(path_filter: str, files: frozenset[str] | None) -> frozenset[str] | None:
    """Return the files that fit.

    None where every push fits: the filter takes everything, or the list of files is unknown (None): rather one build
    too many than a push that is never built. A filter that only excludes begins from everything.
    """
    patterns = [pattern.strip() for pattern in path_filter.split(",") if pattern.strip()]
    if files is None or not patterns or patterns == [EVERYTHING]:
        return None
    if all(pattern.startswith("!") for pattern in patterns):
        patterns.insert(0, EVERYTHING)
    return frozenset(_spec(patterns).match_files(files))


def sane(path_filter: str) -> str:
    """Return the filter; ValueError for one that names no files, such as a lone `!`."""
    for pattern in path_filter.split(","):
        try:
            _spec([pattern.strip()])
        except (ValueError, re.error):
            raise ValueError(f"{pattern.strip()!r} is no pattern: write them as in .gitignore") from None
    return path_filter


def _spec(patterns: list[str]) -> pathspec.PathSpec[pathspec.Pattern]:
    # Not GitIgnoreSpec: there, as in git, what a folder's pattern takes in no later `!` gets out again.
    return pathspec.PathSpec.from_lines("gitignore", patterns)
