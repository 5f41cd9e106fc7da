"""Logins to registries of images: stored, listed without their passwords, removed."""

from __future__ import annotations

from lci_app.api import problem
from lci_app.api.route import Call, Reply
from lci_app.api.wire.registries import RegistryBody, RegistryDocument, RegistryList, RegistryRemoved
from lci_app.core.registries import RegistryLogin, canonical, host_problem
from lci_app.interfaces import Clock, Store


class RegistryPages:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list_registries(self, _: Call) -> Reply:
        return Reply(RegistryList.of(await self._store.registries()))

    async def show_registry(self, call: Call) -> Reply:
        host = _host(call)
        facts = await self._store.registry(host)
        if facts is None:
            raise problem.no_such_registry(host)
        return Reply(RegistryDocument.of(facts))

    async def set_registry(self, call: Call) -> Reply:
        host, body = _host(call), call.body_as(RegistryBody)
        if (reason := host_problem(host)) is not None:
            raise problem.invalid("host", reason)
        login = RegistryLogin(body.username, body.password)
        return Reply(RegistryDocument.of(await self._store.set_registry(host, login, self._clock.now())))

    async def delete_registry(self, call: Call) -> Reply:
        host = _host(call)
        if not await self._store.delete_registry(host):
            raise problem.no_such_registry(host)
        return Reply(RegistryRemoved(host=host))


def _host(call: Call) -> str:
    return canonical(call.path["host"])
