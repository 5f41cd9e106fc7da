"""Sealing what is secret, and the secrets that people store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lci_app.core.model import Timestamp
from lci_app.core.secrets import Place, SecretFacts


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such project (any more)."""


class Sealer(Protocol):
    """Seals text so that nobody without the keys can read, change or move it. Called from any thread; quick."""

    def seal(self, text: str, place: Place) -> str: ...

    def unseal(self, sealed: str, place: Place) -> str:
        """Return the text. Raises Trouble("SECRET_UNREADABLE"), which holds nothing of it."""

    def fingerprint(self, text: str) -> str: ...


class Keys(Protocol):
    """The keys of the sealer, where they are changed. Blocks on the disk; raises OutsideError.

    `is_given`: whoever starts lci provides them, and takes old ones out.
    """

    @property
    def is_given(self) -> bool: ...

    def begin_rotation(self) -> None:
        """Seal by a new key from now on; what the old ones have sealed can still be opened."""

    def end_rotation(self) -> None:
        """Forget the old keys; everything has been sealed anew."""


class SecretStore(Protocol):
    """The secrets that people store: their values are for builds and services alone."""

    async def set_secrets(
        self, project_id: int | None, values: Mapping[str, str], at: Timestamp
    ) -> list[SecretFacts] | Gone:
        """Store each of the values, all or none, of a project or (None) of all; returns what is told of them."""

    async def secrets(self, project_id: int | None) -> list[SecretFacts]:
        """Return what is told of a project's own secrets, or of those for every project, by name."""

    async def delete_secret(self, project_id: int | None, name: str) -> bool:
        """Remove it; False where there was none."""

    async def secret_values(self, project_id: int) -> dict[str, str]:
        """Return the secrets that a project's builds and services may ask for; its own win over those for all."""

    async def reseal(self) -> int:
        """Seal everything that is secret by the newest key, in one transaction; returns how many values that were."""
