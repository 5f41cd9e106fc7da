"""GitHub's push, read.

Payload: https://docs.github.com/webhooks/webhook-events-and-payloads#push. Of it `ref`, `before`, `after` and
`repository` are needed; what else is missing is unknown, and nothing is concluded from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lci_app.core.payload import Malformed, clean, is_commit, repository_urls, text

# GitHub lists at most this many commits of a push.
MAX_LISTED_COMMITS: Final = 2048
_BRANCH_PREFIX: Final = "refs/heads/"
_NO_COMMIT: Final = "0" * 40
_SKIP: Final = re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Push:
    """One push. `files` is None where the payload does not list every file that changed."""

    ref: str
    before: str
    after: str
    urls: tuple[str, ...]
    full_name: str
    message: str
    author: str
    files: frozenset[str] | None
    deleted: bool

    @property
    def branch(self) -> str | None:
        """The branch pushed to; None for a tag or another ref."""
        return self.ref.removeprefix(_BRANCH_PREFIX) if self.ref.startswith(_BRANCH_PREFIX) else None

    @property
    def skips_ci(self) -> bool:
        return asks_to_skip(self.message)


def asks_to_skip(message: str) -> bool:
    """Return whether a commit's message asks that it is not built."""
    return _SKIP.search(message) is not None


def read_push(document: Mapping[str, Any]) -> Push | Malformed:
    """Return the push that a payload describes."""
    for name in ("ref", "before", "after"):
        if not isinstance(document.get(name), str) or not document[name]:
            return Malformed(name, "must be a text")
    for name in ("before", "after"):
        if not is_commit(document[name]):
            return Malformed(name, "must be a commit: 40 hexadecimal digits")
    repository = document.get("repository")
    if not isinstance(repository, dict):
        return Malformed("repository", "must be an object")
    urls = repository_urls(repository)
    if not urls:
        return Malformed("repository.clone_url", "must be a text (or html_url, or ssh_url)")
    message, author = _head(document)
    return Push(
        ref=clean(document["ref"]),
        before=document["before"],
        after=document["after"],
        urls=urls,
        full_name=text(repository, "full_name"),
        message=message,
        author=author,
        files=_files(document),
        deleted=document.get("deleted") is True or document["after"] == _NO_COMMIT,
    )


def _head(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and author of the commit that was pushed."""
    head = document.get("head_commit")
    if not isinstance(head, dict):
        head = next((commit for commit in reversed(_commits(document)) if commit.get("id") == document["after"]), {})
    author = head.get("author")
    name = text(author, "name") or text(author, "username") if isinstance(author, dict) else ""
    return text(head, "message"), name


def _commits(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    commits = document.get("commits")
    return [commit for commit in commits if isinstance(commit, dict)] if isinstance(commits, list) else []


def _files(document: Mapping[str, Any]) -> frozenset[str] | None:
    """Return every file that the push touched, of all its commits; None where the payload cannot tell.

    It cannot for a forced push (what was taken back is not listed), for a list that GitHub cut, and where a commit
    lacks its lists.
    """
    commits = _commits(document)
    if document.get("forced") is True or not commits or len(commits) >= MAX_LISTED_COMMITS:
        return None
    files: set[str] = set()
    for commit in commits:
        lists = [paths for name in ("added", "modified", "removed") if isinstance(paths := commit.get(name), list)]
        if not lists:
            return None
        for paths in lists:
            files.update(clean(path) for path in paths if isinstance(path, str))
    return frozenset(files)
