"""Pull requests as GitHub tells of them."""

from __future__ import annotations

import json
from typing import Any

from tests.whole.service import Service, sign


def pull_request(url: str, commit: str, *, fork: str = "mallory/shop", **fields: Any) -> bytes:
    """A pull request to the repository at `url`, as GitHub tells of it."""
    base = {"id": 1, "full_name": "acme/shop", "clone_url": url}
    document = {
        "action": "opened",
        "number": 1,
        "pull_request": {
            "title": "Add a shelf",
            "user": {"login": "mallory"},
            "head": {"ref": "main", "sha": commit, "repo": {"id": 2, "full_name": fork}},
            "base": {"ref": "main", "repo": base},
        },
        "repository": base,
        **fields,
    }
    return json.dumps(document).encode()


def deliver(service: Service, body: bytes) -> Any:
    secret = service.get("/api/settings/webhook-secret")["secret"]
    return service.deliver(body, sign(secret, body), event="pull_request")
