from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.adapters.sqlite.migrate import migrate, shipped
from lci_app.adapters.vault import open_vault
from lci_app.core import names
from lci_app.core.model import NewBuild, Trigger, Trust
from lci_app.core.project import ProjectSecrets, ProjectSettings
from lci_app.core.secrets import SecretFacts
from lci_app.interfaces import Gone, Trouble
from tests.adapters.sqlite_store import EARLY, LATER, SEALER, a_project, inline_store
from tests.makers import new_project

CLEAR = ("the-webhook-secret", "a-project's-token", "a-projects-own-hook")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with inline_store(tmp_path) as opened:
        yield opened


def bytes_of(directory: Path) -> bytes:
    """Return everything that the database's files hold, and the copies of it."""
    return b"".join(file.read_bytes() for file in (directory / "db").rglob("*") if file.is_file())


async def test_a_projects_secrets_win_over_those_of_every_project(store: SqliteStore) -> None:
    shop, other = await a_project(store), await a_project(store, "other", number=2)
    await store.set_secrets(None, {"TOKEN": "everybody's", "SHARED": "x" * 8}, EARLY)
    await store.set_secrets(shop.id, {"TOKEN": "the shop's"}, EARLY)
    assert await store.secret_values(shop.id) == {"TOKEN": "the shop's", "SHARED": "x" * 8}
    assert await store.secret_values(other.id) == {"TOKEN": "everybody's", "SHARED": "x" * 8}


async def test_what_is_told_of_a_secret_is_not_its_value(store: SqliteStore, tmp_path: Path) -> None:
    shop = await a_project(store)
    stored = await store.set_secrets(shop.id, {"TOKEN": "hunter2hunter2"}, LATER)
    assert not isinstance(stored, Gone)
    (told,) = stored
    assert told == SecretFacts("TOKEN", shop.id, SEALER.fingerprint("hunter2hunter2"), LATER)
    assert await store.secrets(shop.id) == [told]
    assert await store.secrets(None) == []
    assert b"hunter2" not in bytes_of(tmp_path)


async def test_a_secret_is_replaced_and_removed(store: SqliteStore) -> None:
    shop = await a_project(store)
    await store.set_secrets(shop.id, {"A": "first-value"}, EARLY)
    await store.set_secrets(shop.id, {"A": "second-value"}, LATER)
    assert await store.secret_values(shop.id) == {"A": "second-value"}
    assert await store.delete_secret(shop.id, "A")
    assert not await store.delete_secret(shop.id, "A")
    assert not await store.delete_secret(None, "A")
    assert await store.secret_values(shop.id) == {}


async def test_secrets_go_with_their_project(store: SqliteStore) -> None:
    shop = await a_project(store)
    await store.set_secrets(shop.id, {"A": "a-value"}, EARLY)
    await store.delete_project(shop.id)
    assert await store.set_secrets(shop.id, {"A": "a-value"}, EARLY) == Gone()
    assert await store.secret_values(shop.id) == {}


@pytest.mark.parametrize("table", ["secrets", "project_secrets", "settings"])
async def test_a_value_that_somebody_moved_in_the_database_is_not_opened(tmp_path: Path, table: str) -> None:
    move = {
        "secrets": "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'A') WHERE name = 'B'",
        "project_secrets": "UPDATE project_secrets SET value = "
        "(SELECT value FROM project_secrets WHERE name = 'repo_token') WHERE name = 'deploy_key'",
        "settings": "UPDATE settings SET value = (SELECT sealed FROM secrets WHERE name = 'A') WHERE sealed = 1",
    }[table]
    async with inline_store(tmp_path) as store:
        secrets = ProjectSecrets(repo_token="a-token", deploy_key="a-key")
        await store.create_project(
            new_project("shop").model_copy(update={"secrets": secrets}), number=1, port_base=9000, at=EARLY
        )
        await store.set_secrets(1, {"A": "one-value", "B": "other-value"}, EARLY)
        await store.set_setting("webhook_secret", "the-hook")
    with closing(sqlite3.connect(tmp_path / names.DATABASE)) as connection:
        connection.execute(move)
        connection.commit()
    async with inline_store(tmp_path) as store:
        with pytest.raises(Trouble, match="moved there") as caught:
            await {
                "secrets": lambda: store.secret_values(1),
                "project_secrets": lambda: store.project_secrets(1),
                "settings": lambda: store.setting("webhook_secret"),
            }[table]()
        assert caught.value.code == "SECRET_UNREADABLE"


async def test_what_an_older_lci_left_in_clear_is_sealed_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / names.DATABASE
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        migrate(connection, [each for each in shipped() if each.name != "secrets" and each.version < 3], EARLY)
        connection.execute(
            "INSERT INTO settings (name, value) VALUES ('webhook_secret', ?), ('instance', 'abc')", CLEAR[:1]
        )
        connection.execute(
            "INSERT INTO projects (name, settings, port_number, blue_port, green_port, created_at, updated_at) "
            """VALUES ('shop', '{"repo": "a/b"}', 1, 9001, 9002, ?, ?)""",
            (EARLY, EARLY),
        )
        connection.execute(
            "INSERT INTO project_secrets (project_id, name, value) "
            "VALUES (1, 'repo_token', ?), (1, 'webhook_secret', ?)",
            CLEAR[1:],
        )
    assert all(secret.encode() in bytes_of(tmp_path) for secret in CLEAR)
    for _ in range(2):
        async with inline_store(tmp_path) as store:
            assert not any(secret.encode() in bytes_of(tmp_path) for secret in CLEAR)
            assert await store.setting("webhook_secret") == CLEAR[0]
            assert await store.setting("instance") == "abc"
            assert await store.project_secrets(1) == ProjectSecrets(repo_token=CLEAR[1], webhook_secret=CLEAR[2])
            assert await store.webhook_secrets() == {1: CLEAR[2]}


@pytest.mark.parametrize("own_token", [None, "a-token-of-its-own"])
async def test_passwords_in_addresses_that_an_older_lci_has_kept_are_moved_and_sealed(
    tmp_path: Path, own_token: str | None
) -> None:
    """In the address they were shown to everybody; the settings that builds ran with held them, too."""
    password = "ghp_anold1password"
    async with inline_store(tmp_path) as store:
        await a_project(store)
        await store.queue_build(NewBuild(1, Trigger.MANUAL, "main", queue_key="k", trust=Trust.TRUSTED), EARLY)
        if own_token is not None:
            await store.update_project(
                1, (await a_settings(store)), ProjectSecrets(repo_token=own_token), if_revision=None, at=EARLY
            )
    with closing(sqlite3.connect(tmp_path / names.DATABASE)) as connection, connection:
        connection.execute("DELETE FROM settings WHERE name = 'passwords_in_addresses'")
        connection.execute(
            "UPDATE projects SET settings = json_set(settings, '$.repo', ?)", (f"https://bot:{password}@h.example/a",)
        )
        effective = {"repo": {"value": f"https://{password}xxxxxxxxxxxx@h.example/a", "origin": "project"}}
        connection.execute("UPDATE builds SET effective = ?", (json.dumps(effective),))
    assert password.encode() in bytes_of(tmp_path)
    for _ in range(2):
        async with inline_store(tmp_path) as store:
            assert password.encode() not in bytes_of(tmp_path)
            assert (await a_settings(store)).repo == "https://bot@h.example/a"
            assert (await store.project_secrets(1)).repo_token == (own_token or password)
            build = await store.build(1)
            assert build is not None
            assert build.effective == {"repo": {"value": "https://h.example/a", "origin": "project"}}


async def a_settings(store: SqliteStore) -> ProjectSettings:
    project = await store.project(1)
    assert project is not None
    return project.settings


async def test_a_new_key_seals_everything_anew(tmp_path: Path) -> None:
    vault, path = open_vault(tmp_path / "secret.key"), tmp_path / names.DATABASE
    async with open_store(path, sealer=vault, at=EARLY) as store:
        secrets = ProjectSecrets(repo_token="a-token")
        await store.create_project(
            new_project("shop").model_copy(update={"secrets": secrets}), number=1, port_base=9000, at=EARLY
        )
        await store.set_secrets(None, {"A": "for-everybody"}, EARLY)
        await store.set_secrets(1, {"B": "for-the-shop"}, EARLY)
        await store.set_setting("webhook_secret", "the-hook")
        before = {facts.name: facts.fingerprint for facts in [*await store.secrets(None), *await store.secrets(1)]}
        vault.begin_rotation()
        assert await store.reseal() == 4
        vault.end_rotation()
        after = {facts.name: facts.fingerprint for facts in [*await store.secrets(None), *await store.secrets(1)]}
        assert not set(before.values()) & set(after.values())
    async with open_store(path, sealer=open_vault(tmp_path / "secret.key"), at=LATER) as store:
        assert await store.secret_values(1) == {"A": "for-everybody", "B": "for-the-shop"}
        assert (await store.project_secrets(1)).repo_token == "a-token"
        assert await store.setting("webhook_secret") == "the-hook"
