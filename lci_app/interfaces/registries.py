"""The logins that people store for registries of images."""

from __future__ import annotations

from typing import Protocol

from lci_app.core.model import Timestamp
from lci_app.core.registries import RegistryFacts, RegistryLogin


class RegistryLogins(Protocol):
    """For whoever pulls images."""

    async def registry_login(self, host: str) -> RegistryLogin | None:
        """Return what opens a registry, where it is stored. Raises Trouble("SECRET_UNREADABLE")."""


class RegistryStore(RegistryLogins, Protocol):
    async def set_registry(self, host: str, login: RegistryLogin, at: Timestamp) -> RegistryFacts:
        """Store the login of a registry instead of the one there was; returns what is told of it."""

    async def registries(self) -> list[RegistryFacts]:
        """Return what is told of every stored login, by host."""

    async def registry(self, host: str) -> RegistryFacts | None: ...

    async def delete_registry(self, host: str) -> bool:
        """Remove it; False where there was none."""
