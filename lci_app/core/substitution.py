"""`${…}` in images and environments, and `{…}` or `${…}` in queue keys: checked when they are given, replaced later.

Commands are never touched: there the same values are variables of the environment. Pure.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from lci_app.core.model import Build

PLACEHOLDERS: Final = ("branch", "build_number", "commit", "short_commit")
QUEUE_PLACEHOLDERS: Final = ("project", *PLACEHOLDERS)
# In a queue key: known only when the build has its number, so that the store replaces it.
BUILD_NUMBER: Final = "{build_number}"

_T = TypeVar("_T", str, dict[str, str])
_SHORT: Final = 7
# `$${name}` stands for the text `${name}`.
_IN_TEXT: Final = re.compile(r"\$(\$?)\{([^{}]*)\}")
_IN_QUEUE_KEY: Final = re.compile(r"\$?\{([^{}]*)\}")


def checked(text: str) -> str:
    """Return `text`; ValueError where it holds a `${…}` that nothing is put in place of."""
    for escaped, name in _IN_TEXT.findall(text):
        if not escaped and name not in PLACEHOLDERS:
            raise ValueError(f"{_unknown(name, PLACEHOLDERS)} ($${{{name}}} stands for the text itself)")
    return text


def checked_queue_key(template: str) -> str:
    """Return `template`; ValueError where it holds a `{…}` that nothing is put in place of."""
    for name in _IN_QUEUE_KEY.findall(template):
        if name not in QUEUE_PLACEHOLDERS:
            raise ValueError(_unknown(name, QUEUE_PLACEHOLDERS))
    return template


def values_of(build: Build) -> Mapping[str, str]:
    """Return what `replaced_in` puts in; the build's commit is known."""
    commit = build.commit_hash or ""
    return {
        "branch": build.branch,
        "build_number": str(build.build_number),
        "commit": commit,
        "short_commit": commit[:_SHORT],
    }


def replaced_in(given: _T, values: Mapping[str, str]) -> _T:
    """Return a text, or an environment, that is `checked`, with each `${name}` replaced."""
    if isinstance(given, dict):
        return {name: replaced_in(value, values) for name, value in given.items()}
    return _IN_TEXT.sub(lambda found: found[0][1:] if found[1] else values[found[2]], given)


def queue_key(template: str, project_id: int, branch: str, commit_hash: str | None) -> str:
    """Return the key of a build, in which BUILD_NUMBER may be left.

    A build that was asked for without a commit is one of the newest of its branch: that stands for its commit.
    """
    values = {
        "project": str(project_id),
        "branch": branch,
        "build_number": BUILD_NUMBER,
        "commit": commit_hash or branch,
        "short_commit": commit_hash[:_SHORT] if commit_hash else branch,
    }
    return _IN_QUEUE_KEY.sub(lambda found: values[found[1]], template)


def _unknown(name: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name.lower(), known, n=1)
    if close:
        return f"${{{name}}} is not known; did you mean ${{{close[0]}}}?"
    return f"${{{name}}} is not supported yet; {', '.join(f'${{{each}}}' for each in known)} are"
