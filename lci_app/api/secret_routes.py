"""The routes of stored secrets, the same for a project's own and for those of every project, and of registries."""

from __future__ import annotations

from typing import Final

from lci_app.api.route import Route
from lci_app.api.wire import registries, secrets
from lci_app.core.model import Scope

_READ: Final = Scope.READ
_ADMIN: Final = Scope.ADMIN
_REGISTRY: Final = "/api/registries/{host}"


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
        "GET",
        "/api/registries",
        "list_registries",
        _READ,
        "The stored logins to registries of images, without their passwords",
        answer=registries.RegistryList,
    ),
    Route(
        "GET",
        _REGISTRY,
        "show_registry",
        _READ,
        "The stored login to one registry, without its password",
        answer=registries.RegistryDocument,
    ),
    Route(
        "PUT",
        _REGISTRY,
        "set_registry",
        _ADMIN,
        "Store the login to a registry, for every image that is pulled from it; its password is never shown again",
        body=registries.RegistryBody,
        answer=registries.RegistryDocument,
    ),
    Route(
        "DELETE",
        _REGISTRY,
        "delete_registry",
        _ADMIN,
        "Remove the login to a registry",
        answer=registries.RegistryRemoved,
    ),
    Route(
        "POST",
        "/api/secrets/rotate-key",
        "rotate_key",
        _ADMIN,
        "Seal everything that is secret by a new key, and forget the old one",
        answer=secrets.KeyRotated,
    ),
)
