"""A look at a repository before there is a project of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from lci_app.api.wire.base import Answer, Body
from lci_app.core.matching import Judged
from lci_app.core.model import Timestamp
from lci_app.core.project_values import Branch, InnerPath, PathFilter, Repository
from lci_app.interfaces import PastCommit


class DetectBody(Body):
    """Where to look. Without a `path_filter` the commits are judged by the one that the plan proposes."""

    repo: Repository
    branch: Branch = "main"
    repo_token: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    working_directory: InnerPath = ""
    path_filter: PathFilter | None = None


class FindingDocument(Answer):
    """A proposed value of a project's field; `reason` names the file that says so, and the line where there is one."""

    field: str
    value: str | int | list[str]
    reason: str


class PastCommitDocument(Answer):
    """A commit, and whether a push of it to the branch would be built. `files` is null where they are not known."""

    hash: str
    message: str
    author: str
    at: Timestamp
    files: list[str] | None
    would_build: bool
    reason: str

    @classmethod
    def of(cls, commit: PastCommit, judged: Judged) -> PastCommitDocument:
        return cls(
            hash=commit.hash,
            message=commit.message,
            author=commit.author,
            at=commit.at,
            files=None if commit.files is None else sorted(commit.files),
            would_build=judged.would_build,
            reason=judged.reason,
        )


class DetectedDocument(Answer):
    """`directories` look like projects of their own ("" is the top); `commits` are the last 20, the newest first."""

    commit_hash: str
    plan: list[FindingDocument]
    notes: list[str]
    directories: list[str]
    commits: list[PastCommitDocument]
