"""The routes of stored secrets: the same calls for a project's own and for those of every project."""

from __future__ import annotations

from typing import Final

from lci_app.api.route import Route
from lci_app.api.wire import secrets
from lci_app.core.model import Scope

_ADMIN: Final = Scope.ADMIN


def _routes(path: str, middle: str, whose: str) -> tuple[Route, ...]:
    return (
        Route(
            "GET",
            path,
            f"list_{middle}secrets",
            _ADMIN,
            f"The secrets {whose}, by name, without their values",
            answer=secrets.SecretList,
        ),
        Route(
            "PUT",
            path,
            f"set_{middle}secrets",
            _ADMIN,
            f"Store several secrets {whose} at once, all or none",
            body=secrets.SecretsBody,
            answer=secrets.SecretList,
        ),
        Route(
            "PUT",
            f"{path}/{{name}}",
            f"set_{middle}secret",
            _ADMIN,
            f"Store a secret {whose}; its value is never shown again",
            body=secrets.SecretBody,
            answer=secrets.SecretDocument,
        ),
        Route(
            "DELETE",
            f"{path}/{{name}}",
            f"delete_{middle}secret",
            _ADMIN,
            f"Remove a secret {whose}",
            answer=secrets.SecretRemoved,
        ),
    )


SECRET_ROUTES: Final = (
    *_routes("/api/projects/{project}/secrets", "project_", "of a project"),
    *_routes("/api/secrets", "", "of every project"),
    Route(
        "POST",
        "/api/secrets/rotate-key",
        "rotate_key",
        _ADMIN,
        "Seal everything that is secret by a new key, and forget the old one",
        answer=secrets.KeyRotated,
    ),
)
