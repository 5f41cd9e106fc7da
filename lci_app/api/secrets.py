"""Stored secrets, a project's own and those for every project: set, listed without their values, removed."""

from __future__ import annotations

from collections.abc import Mapping

from lci_app.api import problem
from lci_app.api.lookup import project_of
from lci_app.api.needs import Secrets
from lci_app.api.route import Call, Reply
from lci_app.api.wire.secrets import KeyRotated, SecretBody, SecretDocument, SecretList, SecretRemoved, SecretsBody
from lci_app.core.secrets import MAX_SECRETS, SecretFacts, name_problem
from lci_app.interfaces import Clock, Gone, Refusal, Store


class SecretPages:
    def __init__(self, store: Store, clock: Clock, secrets: Secrets) -> None:
        self._store = store
        self._clock = clock
        self._secrets = secrets

    async def list_secrets(self, call: Call) -> Reply:
        return Reply(SecretList.of(await self._store.secrets(await self._owner(call))))

    async def set_secret(self, call: Call) -> Reply:
        name = call.path["name"]
        if (reason := name_problem(name)) is not None:
            raise problem.invalid("name", reason)
        (stored,) = await self._set(await self._owner(call), {name: call.body_as(SecretBody).value})
        return Reply(SecretDocument.of(stored))

    async def set_secrets(self, call: Call) -> Reply:
        return Reply(SecretList.of(await self._set(await self._owner(call), call.body_as(SecretsBody).values)))

    async def delete_secret(self, call: Call) -> Reply:
        name, owner = call.path["name"], await self._owner(call)
        if call.caller.projects is not None and name in {facts.name for facts in await self._store.secrets(None)}:
            raise problem.shared_secret(name)
        if not await self._store.delete_secret(owner, name):
            raise problem.no_such_secret(name)
        return Reply(SecretRemoved(name=name))

    list_project_secrets = list_secrets
    set_project_secret = set_secret
    set_project_secrets = set_secrets
    delete_project_secret = delete_secret

    async def rotate_key(self, _: Call) -> Reply:
        try:
            return Reply(KeyRotated(resealed=await self._secrets.rotate_key(), key_is_given=self._secrets.key_is_given))
        except Refusal as refusal:
            raise problem.conflict("CONFLICT", f"The key is not changed: {refusal}.") from refusal

    async def _owner(self, call: Call) -> int | None:
        """Return the project that the path names; None where it names none, which is every project's."""
        return (await project_of(self._store, call)).id if "project" in call.path else None

    async def _set(self, project_id: int | None, values: Mapping[str, str]) -> list[SecretFacts]:
        known = {facts.name for facts in await self._store.secrets(project_id)}
        if len(known | set(values)) > MAX_SECRETS:
            raise problem.invalid("values", f"must leave at most {MAX_SECRETS} secrets stored there")
        stored = await self._store.set_secrets(project_id, values, self._clock.now())
        if isinstance(stored, Gone):
            raise problem.no_such_project(str(project_id))
        return stored
