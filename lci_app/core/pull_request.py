"""GitHub's pull request, read; and whether its build may run when its turn has come.

Payload: https://docs.github.com/webhooks/webhook-events-and-payloads#pull_request. Of it `action`, `number`,
`repository`, and of `pull_request` `head.sha` and `base.ref` are needed. Where the head comes from is believed only as
far as it is said: what is not surely of the repository itself is of a fork.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lci_app.core.codes import OutsideCode
from lci_app.core.model import Build
from lci_app.core.payload import Malformed, clean, is_commit, repository_urls, text
from lci_app.core.project import ProjectSettings, PullRequests

EVENT: Final = "pull_request"
# What brings another head commit to build; of all else that happens to a pull request nothing is built.
_BUILT: Final = frozenset({"opened", "synchronize", "reopened"})
# What SQLite can count to.
_MAX_NUMBER: Final = 2**63 - 1
_REF_PREFIX: Final = "refs/pull/"
_REF_SUFFIX: Final = "/head"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request that has another head commit now. `before` is the head until now; empty where there was none."""

    number: int
    base: str
    head_commit: str
    before: str
    urls: tuple[str, ...]
    full_name: str
    title: str
    author: str
    from_fork: bool

    @property
    def ref(self) -> str:
        """The ref of the base repository that holds the head."""
        return head_ref(self.number)


@dataclass(frozen=True, slots=True)
class OtherAction:
    """An event of a pull request that leaves its head commit as it was."""

    reason: str


def head_ref(number: int) -> str:
    return f"{_REF_PREFIX}{number}{_REF_SUFFIX}"


def number_of(ref: str) -> int | None:
    """Return the number of the pull request whose head this ref holds; None for another ref."""
    number = ref.removeprefix(_REF_PREFIX).removesuffix(_REF_SUFFIX)
    return int(number) if number.isdecimal() and number.isascii() and ref == head_ref(int(number)) else None


def read_pull_request(document: Mapping[str, Any]) -> PullRequest | OtherAction | Malformed:
    """Return the pull request that a payload describes."""
    action = text(document, "action")
    if action not in _BUILT:
        return OtherAction(f"lci builds a pull request when it is opened or pushed to, not when it is {action[:40]!r}.")
    told, repository, number = document.get(EVENT), document.get("repository"), document.get("number")
    if not isinstance(repository, dict):
        return Malformed("repository", "must be an object")
    urls = repository_urls(repository)
    if not urls:
        return Malformed("repository.clone_url", "must be a text (or html_url, or ssh_url)")
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _MAX_NUMBER:
        return Malformed("number", "must be the number of a pull request")
    if not isinstance(told, dict):
        return Malformed(EVENT, "must be an object")
    head, base, before = told.get("head"), text(told.get("base"), "ref"), document.get("before")
    if not isinstance(head, dict) or not is_commit(head.get("sha")):
        return Malformed("pull_request.head.sha", "must be a commit: 40 hexadecimal digits")
    if not base:
        return Malformed("pull_request.base.ref", "must be the name of a branch")
    return PullRequest(
        number=number,
        base=base,
        head_commit=clean(head["sha"]),
        before=str(before) if is_commit(before) else "",
        urls=urls,
        full_name=text(repository, "full_name"),
        title=text(told, "title"),
        author=text(told.get("user"), "login"),
        from_fork=not _is_same(head.get("repo"), repository),
    )


def _is_same(head: Any, base: Mapping[str, Any]) -> bool:
    """Return whether the head is surely of the repository that it asks to be merged into."""
    name = text(head, "full_name").lower()
    return bool(name) and name == text(base, "full_name").lower() and head.get("id") == base.get("id")


def refusal_to_run(build: Build, settings: ProjectSettings) -> tuple[OutsideCode, str] | None:
    """Return why a build of a pull request may not run now, as code and sentence; None where it may.

    It was queued by the settings of then, and may have waited for days.
    """
    if build.pull_request is None:
        return None
    if settings.pull_requests is PullRequests.OFF:
        return "PULL_REQUESTS_OFF", "Pull requests of this project are not built any more: its pull_requests is off."
    if build.needs_approval and settings.pull_requests is not PullRequests.FORKS_AFTER_APPROVAL:
        return "PULL_REQUESTS_OFF", "Pull requests from forks are not built any more: see the project's pull_requests."
    if not build.is_approved:
        return "NOT_APPROVED", f"Nobody has approved the commit {build.commit_hash} of this pull request."
    return None
