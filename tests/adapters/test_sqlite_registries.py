"""Logins to registries: sealed where they lie, told of without their passwords."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import SqliteStore
from lci_app.core import names
from lci_app.core.registries import RegistryFacts, RegistryLogin
from lci_app.interfaces import Trouble
from tests.adapters.sqlite_store import EARLY, LATER, SEALER, inline_store

PASSWORD = "hunter2hunter2"
LOGIN = RegistryLogin("ana", PASSWORD)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with inline_store(tmp_path) as opened:
        yield opened


async def test_a_login_is_told_of_without_its_password_and_lies_sealed(store: SqliteStore, tmp_path: Path) -> None:
    told = await store.set_registry("ghcr.io", LOGIN, EARLY)
    assert told == RegistryFacts("ghcr.io", "ana", SEALER.fingerprint(PASSWORD), EARLY)
    assert await store.registries() == [told]
    assert await store.registry("ghcr.io") == told
    assert await store.registry_login("ghcr.io") == LOGIN
    assert not any(b"hunter2" in file.read_bytes() for file in (tmp_path / "db").iterdir())


async def test_a_login_is_replaced_and_removed(store: SqliteStore) -> None:
    await store.set_registry("ghcr.io", LOGIN, EARLY)
    await store.set_registry("docker.io", RegistryLogin("bob", "of-docker-hub"), EARLY)
    await store.set_registry("ghcr.io", RegistryLogin("eve", "another-password"), LATER)
    assert [(each.host, each.username) for each in await store.registries()] == [
        ("docker.io", "bob"),
        ("ghcr.io", "eve"),
    ]
    assert await store.registry_login("ghcr.io") == RegistryLogin("eve", "another-password")
    assert await store.delete_registry("ghcr.io")
    assert not await store.delete_registry("ghcr.io")
    assert await store.registry_login("ghcr.io") is None
    assert await store.registry("ghcr.io") is None


async def test_a_new_key_seals_them_too(store: SqliteStore) -> None:
    await store.set_registry("ghcr.io", LOGIN, EARLY)
    assert await store.reseal() == 1
    assert await store.registry_login("ghcr.io") == LOGIN
    assert (await store.registries())[0].fingerprint == SEALER.fingerprint(PASSWORD)


async def test_a_password_that_was_moved_to_another_registry_cannot_be_opened(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.set_registry("ghcr.io", LOGIN, EARLY)
    with closing(sqlite3.connect(tmp_path / names.DATABASE)) as connection, connection:
        connection.execute("UPDATE registries SET host = 'evil.example'")
    with pytest.raises(Trouble) as trouble:
        await store.registry_login("evil.example")
    assert trouble.value.code == "SECRET_UNREADABLE"
    assert PASSWORD not in str(trouble.value)
