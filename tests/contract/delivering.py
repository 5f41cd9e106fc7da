"""GitHub, as an examiner plays it.

The repositories are of a host that does not answer: what is queued here fails, and nobody waits for it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.contract.asking import Answer, Examiner, answer_of
from tests.whole.service import WAIT_SECONDS, Service, sign

COMMIT = "c0ffee" + "0" * 34


QUEUED = {"build_id", "project_id", "project_name", "commit_hash", "status", "queue_key", "queue_position"}


Deliver = Callable[..., Answer]


@pytest.fixture(scope="module")
def secret(service: Service) -> str:
    given: str = service.get("/api/settings/webhook-secret")["secret"]
    return given


@pytest.fixture(scope="module")
def deliver(service: Service, secret: str) -> Deliver:
    """Deliver a payload (or the very bytes) as GitHub does."""

    def send(
        payload: Any, *, query: str = "", signature: str | bytes | None = "", signed_by: str = secret, **headers: Any
    ) -> Answer:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        given = {"X-GitHub-Event": "push", "X-GitHub-Delivery": str(uuid.uuid4()), "Content-Type": "application/json",
                 "X-Hub-Signature-256": sign(signed_by, body) if signature == "" else signature}  # fmt: skip
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        response = requests.post(
            f"{service.url}/webhook/github{query}", data=body, timeout=WAIT_SECONDS,
            headers={name: value for name, value in given.items() if value is not None},
        )  # fmt: skip
        return answer_of(response.status_code, response.headers, response.content)

    return send


@pytest.fixture
def repo(ask: Examiner) -> str:
    """The address of a repository that one project of its own, `project_of(address)`, builds."""
    name = f"p{uuid.uuid4().hex[:12]}"
    address = f"http://127.0.0.1:1/acme/{name}.git"
    assert ask("POST", "/api/projects", {"name": name, "repo": address}).status == 201
    return address


def project_of(address: str) -> str:
    return address.rpartition("/")[2].removesuffix(".git")


def registered(ask: Examiner, name: str, repo: str, **fields: Any) -> int:
    made = ask("POST", "/api/projects", {"name": name, "repo": repo, **fields})
    assert made.status == 201, made.error
    project_id: int = made.data["id"]
    return project_id


def names(answer: Answer) -> list[str]:
    return sorted(each["project_name"] for each in answer.data["builds"])
