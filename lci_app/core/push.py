"""GitHub's push, read: is it signed, and what does it say.

Payload: https://docs.github.com/webhooks/webhook-events-and-payloads#push. Of it `ref`, `before`, `after` and
`repository` are needed; what else is missing is unknown, and nothing is concluded from it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

SIGNATURE_PREFIX: Final = "sha256="
# GitHub lists at most this many commits of a push.
MAX_LISTED_COMMITS: Final = 2048
_BRANCH_PREFIX: Final = "refs/heads/"
_HASH: Final = re.compile(r"[0-9a-f]{40}")
_NO_COMMIT: Final = "0" * 40
_SKIP: Final = re.compile(r"\[(skip ci|ci skip|no ci|skip actions|actions skip)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Which part of a payload is not what it must be."""

    field: str
    reason: str


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


def sign(secret: str, body: bytes) -> str:
    """Return what `X-Hub-Signature-256` must be for this body."""
    return SIGNATURE_PREFIX + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(secret: str, body: bytes, signature: str | None) -> bool:
    """Return whether the signature is right, in constant time. An empty secret signs nothing."""
    if not secret or signature is None:
        return False
    return hmac.compare_digest(sign(secret, body).encode(), signature.encode("utf-8", "replace"))


def read_json(body: bytes) -> Mapping[str, Any] | Malformed:
    """Return the JSON object that a body holds."""
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Malformed("body", f"is not JSON: {str(error)[:200]}")
    return document if isinstance(document, dict) else Malformed("body", "must be a JSON object")


def read_push(document: Mapping[str, Any]) -> Push | Malformed:
    """Return the push that a payload describes."""
    for name in ("ref", "before", "after"):
        if not isinstance(document.get(name), str) or not document[name]:
            return Malformed(name, "must be a text")
    for name in ("before", "after"):
        if not _HASH.fullmatch(document[name]):
            return Malformed(name, "must be a commit: 40 hexadecimal digits")
    repository = document.get("repository")
    if not isinstance(repository, dict):
        return Malformed("repository", "must be an object")
    urls = repository_urls(repository)
    if not urls:
        return Malformed("repository.clone_url", "must be a text (or html_url, or ssh_url)")
    message, author = _head(document)
    return Push(
        ref=_clean(document["ref"]),
        before=document["before"],
        after=document["after"],
        urls=urls,
        full_name=_text(repository, "full_name"),
        message=message,
        author=author,
        files=_files(document),
        deleted=document.get("deleted") is True or document["after"] == _NO_COMMIT,
    )


def repository_urls(repository: Mapping[str, Any]) -> tuple[str, ...]:
    names = ("clone_url", "html_url", "ssh_url")
    return tuple(url for name in names if (url := _text(repository, name)))


def _head(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and author of the commit that was pushed."""
    head = document.get("head_commit")
    if not isinstance(head, dict):
        head = next((commit for commit in reversed(_commits(document)) if commit.get("id") == document["after"]), {})
    author = head.get("author")
    name = _text(author, "name") or _text(author, "username") if isinstance(author, dict) else ""
    return _text(head, "message"), name


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
            files.update(_clean(path) for path in paths if isinstance(path, str))
    return frozenset(files)


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, Mapping) else None
    return _clean(value) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and no encoding can hold."""
    return text.encode("utf-8", "replace").decode()


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")
