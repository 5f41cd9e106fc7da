"""What may be opened, what is refused, and that a refused file keeps its bytes."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from lci_app.adapters.sqlite import DatabaseRefused, open_store
from lci_app.adapters.sqlite.migrate import Migration, applied, migrate, shipped
from lci_app.adapters.sqlite.opening import open_database
from lci_app.core import names
from tests.adapters.sqlite_store import EARLY, LATER, SEALER

FAILING = "INSERT INTO nowhere VALUES (1);\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data dir #1" / names.DATABASE


def make(path: Path) -> None:
    open_database(path, shipped(), SEALER, EARLY).close()


def execute(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


async def refused(path: Path) -> DatabaseRefused:
    """Open a file that must be refused, in one sentence that names it and without a change to its bytes."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}
    with pytest.raises(DatabaseRefused) as caught:
        async with open_store(path, sealer=SEALER, at=EARLY):
            pass
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {name: (path.parent / name).read_bytes() for name in before} == before
    return caught.value


async def test_a_new_database_is_for_its_owner_only_and_has_every_migration_recorded(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        await store.set_setting("a", "b")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"lci.db": 0o600, "lci.db-wal": 0o600, "lci.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    recorded = query(path, "SELECT version, name, sha256, applied_at FROM migrations")
    assert recorded == [(each.version, each.name, each.sha256, EARLY) for each in shipped()]


async def test_the_writer_is_durable_and_checks_references(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        writing = store._database._connections.writing
        pragmas = {
            name: writing.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


async def test_a_reader_cannot_write(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        for connection in (store._database._connections.glancing, *store._database._connections.reading):
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute("DELETE FROM settings")


async def test_opening_again_keeps_what_was_written_and_migrates_nothing(path):
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        await store.set_setting("a", "b")
    async with open_store(path, sealer=SEALER, at=LATER) as store:
        assert await store.setting("a") == "b"
    assert query(path, "SELECT DISTINCT applied_at FROM migrations") == [(EARLY,)]


async def test_a_database_that_others_may_read_is_closed_to_them(path):
    make(path)
    path.chmod(0o644)
    async with open_store(path, sealer=SEALER, at=EARLY):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_empty_file_is_a_new_database(path):
    path.parent.mkdir(parents=True)
    path.touch()
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        assert await store.port_numbers() == frozenset()


async def test_a_database_whose_first_migration_was_cut_short_is_a_new_one(path):
    path.parent.mkdir(parents=True)
    execute(path, "PRAGMA journal_mode = WAL")
    async with open_store(path, sealer=SEALER, at=EARLY) as store:
        assert await store.port_numbers() == frozenset()


async def test_a_database_of_a_newer_version_is_refused(path):
    make(path)
    execute(path, "INSERT INTO migrations VALUES (999, 'future', 'f00d', ?)", LATER)
    error = await refused(path)
    assert error.code == "DATABASE_NEWER"
    assert f"newer lci (schema 999, this one knows {shipped()[-1].version})" in str(error)


async def test_a_newer_database_that_was_not_closed_is_refused_with_its_log_as_it_was(path):
    make(path)
    crash = "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); " + (
        "c.execute(\"INSERT INTO migrations VALUES (999, 'future', 'f00d', 'then')\"); os._exit(0)"
    )
    await trio.run_process([sys.executable, "-c", crash, str(path)])
    assert path.with_name("lci.db-wal").stat().st_size > 0
    assert (await refused(path)).code == "DATABASE_NEWER"


async def test_an_applied_migration_that_was_edited_is_refused(path):
    make(path)
    execute(path, "UPDATE migrations SET sha256 = 'other' WHERE version = 1")
    error = await refused(path)
    assert error.code == "DATABASE_EDITED"
    assert "migration 1 (initial)" in str(error)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"this is no database, and a long text at that. " * 100, "DATABASE_DAMAGED"),
        (b"short", "DATABASE_DAMAGED"),
        (b"\0" * 8192, "DATABASE_DAMAGED"),
    ],
    ids=["text", "short", "zeros"],
)
async def test_a_file_that_is_no_database_is_refused(path, content, code):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert (await refused(path)).code == code


async def test_another_programs_database_is_refused(path):
    path.parent.mkdir(parents=True)
    execute(path, "CREATE TABLE theirs (x)")
    assert (await refused(path)).code == "DATABASE_FOREIGN"


async def test_a_database_cut_short_is_refused(path):
    make(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert (await refused(path)).code == "DATABASE_DAMAGED"


async def test_a_database_with_a_broken_page_is_refused(path):
    make(path)
    content = bytearray(path.read_bytes())
    # The second page is the root of the first table.
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    assert (await refused(path)).code == "DATABASE_DAMAGED"


@pytest.mark.parametrize("leftover", [None, b""], ids=["missing", "empty"])
async def test_an_empty_database_beside_a_full_log_is_refused_and_not_begun_anew(path, leftover):
    path.parent.mkdir(parents=True)
    path.with_name("lci.db-wal").write_bytes(b"w" * 4152)
    if leftover is not None:
        path.write_bytes(leftover)
    assert (await refused(path)).code == "DATABASE_DAMAGED"
    assert path.exists() == (leftover is not None)


async def test_a_directory_in_the_databases_place_is_refused(path):
    path.mkdir(parents=True)
    with pytest.raises(DatabaseRefused, match="cannot be used") as caught:
        async with open_store(path, sealer=SEALER, at=EARLY):
            pass
    assert caught.value.code == "DATABASE_UNUSABLE"


def statements_of_all() -> list[tuple[Migration, int]]:
    return [(each, number) for each in shipped() for number in range(len(list(each.statements())))]


@pytest.mark.parametrize(
    ("migration", "number"), statements_of_all(), ids=lambda value: value if isinstance(value, int) else value.name
)
def test_a_migration_whose_statement_fails_leaves_nothing_of_itself(tmp_path, migration, number):
    statements = list(migration.statements())
    broken = replace(migration, sql="".join([*statements[:number], FAILING, *statements[number:]]))
    before = [each for each in shipped() if each.version < migration.version]
    with closing(sqlite3.connect(tmp_path / "lci.db", isolation_level=None)) as connection:
        migrate(connection, before, EARLY)
        tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            migrate(connection, [*before, broken], EARLY)
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == tables
        migrate(connection, shipped(), EARLY)
        assert set(applied(connection)) == {each.version for each in shipped()}


def test_a_failing_second_migration_keeps_the_first(path):
    second = Migration(len(shipped()) + 1, "second", "CREATE TABLE more (x);\n" + FAILING)
    with pytest.raises(DatabaseRefused, match="nowhere") as caught:
        open_database(path, [*shipped(), second], SEALER, LATER)
    assert caught.value.code == "DATABASE_UNUSABLE"
    assert query(path, "SELECT count(*) FROM migrations") == [(len(shipped()),)]
    assert query(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'") == [(0,)]


def test_a_migration_that_breaks_a_reference_is_undone(path):
    second = Migration(len(shipped()) + 1, "second", "INSERT INTO domains VALUES ('nobody.example', 4711);\n")
    with pytest.raises(DatabaseRefused, match="table domains refers to a row that is not there"):
        open_database(path, [*shipped(), second], SEALER, LATER)
    assert query(path, "SELECT count(*) FROM domains") == [(0,)]


def test_migrations_have_a_number_each_and_are_split_where_their_statements_end():
    numbers = [each.version for each in shipped()]
    assert numbers == sorted(set(numbers))
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b;\n  DELETE FROM c;\nEND;\n"
    quoted = "INSERT INTO a VALUES ('one;\ntwo'); -- more;\n"
    assert list(Migration(1, "x", "-- first;\n" + trigger + quoted).statements()) == ["-- first;\n" + trigger, quoted]
    with pytest.raises(ValueError, match="ends within a statement"):
        list(Migration(1, "x", "CREATE TABLE a (x)").statements())
