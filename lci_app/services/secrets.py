"""Stored secrets: who gets which, what is kept out of texts because of them, and new keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import trio

from lci_app.core.masking import NOTHING, Mask
from lci_app.core.model import Build, Trust
from lci_app.core.project import ProjectSettings
from lci_app.core.secrets import chosen
from lci_app.interfaces import Keys, Refusal, Store
from lci_app.services.masks import Masks


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one build gets in clear: `for_build` its command, `for_version` its deployed version, both by name.

    `mask` is of all of it, and of the project's own credentials.
    """

    for_build: dict[str, str] = field(default_factory=dict, repr=False)
    for_version: dict[str, str] = field(default_factory=dict, repr=False)
    mask: Mask = field(default=NOTHING, repr=False)


@dataclass
class Secrets:
    store: Store
    keys: Keys
    masks: Masks = field(default_factory=Masks)
    _rotating: trio.Lock = field(default_factory=trio.Lock)
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(1))

    async def of_source(self, project_id: int) -> list[str]:
        """Return what fetching a project's source may show by mistake."""
        own = await self.store.project_secrets(project_id)
        return [value for value in (own.repo_token, own.deploy_key, own.webhook_secret) if value]

    async def deliver(self, build: Build, settings: ProjectSettings) -> Delivery:
        """Return the secrets that a build's settings name; none for one that nobody of the repository has vouched for.

        Raises Refusal("SECRET_MISSING") for a name that is not stored.
        """
        of_source = await self.of_source(build.project_id)
        if build.trust is not Trust.TRUSTED or not (settings.build_secrets or settings.runtime_secrets):
            return Delivery(mask=await self.masks.of(of_source))
        stored = await self.store.secret_values(build.project_id)
        for_build = _named(settings.build_secrets, stored)
        for_version = _named(settings.runtime_secrets, stored)
        mask = await self.masks.of([*of_source, *for_build.values(), *for_version.values()])
        return Delivery(for_build, for_version, mask)

    async def mask_of_version(self, project_id: int, names: Sequence[str], given: Mapping[str, str]) -> Mask:
        """Return what is kept out of the output of a version with the secrets `names`: as its environment `given` has
        them, and as they are stored by now."""
        stored = await self.store.secret_values(project_id)
        return await self.masks.of(values[name] for values in (given, stored) for name in names if name in values)

    async def mask_of_source(self, project_id: int) -> Mask:
        return await self.masks.of(await self.of_source(project_id))

    @property
    def key_is_given(self) -> bool:
        return self.keys.is_given

    async def rotate_key(self) -> int:
        """Seal everything by a new key, then forget the old one; returns how many values that were.

        Raises Refusal where keys are given, and no new one is among them. At every moment the key file opens all that
        is stored: whatever cuts this short, it can be asked for again.
        """
        async with self._rotating:
            await trio.to_thread.run_sync(self.keys.begin_rotation, limiter=self._limiter)
            count = await self.store.reseal()
            await trio.to_thread.run_sync(self.keys.end_rotation, limiter=self._limiter)
            return count


def _named(names: tuple[str, ...], stored: dict[str, str]) -> dict[str, str]:
    found = chosen(names, stored)
    if isinstance(found, str):
        raise Refusal(
            "SECRET_MISSING", f"The secret {found} is not stored: `lci secret set {found}` stores it, or take it out."
        )
    return found
