"""Values for tests, complete and plain; each test names only the fields it is about."""

from __future__ import annotations

import json
from typing import Any

from lci_app.core.model import Build, BuildStatus, Trigger, Trust
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings

NOW = "2026-01-02T03:04:05.678Z"
COMMIT = "5" * 40
BEFORE = "4" * 40


def settings(**fields: Any) -> ProjectSettings:
    return ProjectSettings.model_validate({"repo": "acme/shop", **fields})


def new_project(name: str = "shop", *, secrets: ProjectSecrets | None = None, **fields: Any) -> NewProject:
    return NewProject(name=name, settings=settings(**fields), secrets=secrets or ProjectSecrets())


def project(project_id: int = 1, name: str = "shop", **fields: Any) -> Project:
    base = 9000 + (project_id - 1) * 10
    return Project(
        id=project_id,
        name=name,
        settings=settings(**fields),
        blue_port=base + 1,
        green_port=base + 2,
        created_at=NOW,
        updated_at=NOW,
    )


def build(build_id: int = 1, **fields: Any) -> Build:
    values: dict[str, Any] = {
        "id": build_id,
        "project_id": 1,
        "project_name": "shop",
        "build_number": build_id,
        "status": BuildStatus.QUEUED,
        "trigger": Trigger.WEBHOOK,
        "branch": "main",
        "queue_key": "1",
        "priority": 0,
        "deploy": True,
        "trust": Trust.TRUSTED,
        "queued_at": NOW,
        **fields,
    }
    return Build(**values)


def commit(*, added: tuple[str, ...] = (), modified: tuple[str, ...] = (), removed: tuple[str, ...] = ()) -> Any:
    lists = {"added": list(added), "modified": list(modified), "removed": list(removed)}
    return {"id": COMMIT, "message": "change", "author": {"name": "Ana"}, **lists}


def push_document(**fields: Any) -> dict[str, Any]:
    """A push to acme/shop as GitHub tells of it."""
    return {
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": COMMIT,
        "repository": {
            "full_name": "acme/shop",
            "clone_url": "https://github.com/acme/shop.git",
            "html_url": "https://github.com/acme/shop",
            "ssh_url": "git@github.com:acme/shop.git",
        },
        "head_commit": {"id": COMMIT, "message": "Add a shelf", "author": {"name": "Ana"}},
        "commits": [commit(modified=("src/app.py",))],
        **fields,
    }


def push_body(**fields: Any) -> bytes:
    return json.dumps(push_document(**fields)).encode()


def pull_request_document(*, number: int = 7, fork: bool = True, **fields: Any) -> dict[str, Any]:
    """A pull request to acme/shop, opened from a fork, as GitHub tells of it."""
    repository = {**push_document()["repository"], "id": 1}
    head_repository = {"id": 2, "full_name": "mallory/shop"} if fork else repository
    return {
        "action": "opened",
        "number": number,
        "pull_request": {
            "number": number,
            "title": "Add a shelf",
            "user": {"login": "mallory"},
            "head": {"ref": "patch-1", "sha": COMMIT, "repo": head_repository},
            "base": {"ref": "main", "sha": BEFORE, "repo": repository},
        },
        "repository": repository,
        **fields,
    }


def pull_request_body(*, commit_hash: str = COMMIT, before: str | None = None, **fields: Any) -> bytes:
    """The body of one that was opened with this commit; with `before`, of a push to it."""
    document = pull_request_document(**fields)
    document["pull_request"]["head"]["sha"] = commit_hash
    if before is not None:
        document |= {"action": "synchronize", "before": before, "after": commit_hash}
    return json.dumps(document).encode()
