"""Before a schema changes, the database is copied; an older lci that meets the new one names the copies."""

from __future__ import annotations

import logging
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from lci_app.adapters.sqlite import DatabaseRefused
from lci_app.adapters.sqlite.copies import KEPT, copies_of
from lci_app.adapters.sqlite.migrate import Migration, shipped
from lci_app.adapters.sqlite.opening import open_database
from lci_app.core import names
from tests.adapters.sqlite_store import EARLY, SEALER
from tests.tmpfs import needs_mount, open_small_disk

NEWEST = shipped()[-1].version


def later(minute: int) -> str:
    return f"2026-01-02T04:{minute:02}:00.000Z"


def with_more(count: int, sql: str = "CREATE TABLE more_{0} (x);\n") -> Sequence[Migration]:
    """Return this program's migrations and so many of a later one."""
    added = [Migration(NEWEST + n, f"more_{n}", sql.format(n)) for n in range(1, count + 1)]
    return [*shipped(), *added]


def opened(path: Path, known: Sequence[Migration], at: str = EARLY) -> None:
    open_database(path, known, SEALER, at).close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "data" / names.DATABASE
    opened(path, shipped())
    return path


def kept_in(copy: Path) -> list[str]:
    """Return what was put into a copy, which is whole."""
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [name for (name,) in connection.execute("SELECT name FROM settings WHERE value = 'v' ORDER BY name")]


def put(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO settings (name, value) VALUES (?, 'v')", (name,))


def test_a_new_database_and_one_that_has_the_schema_are_not_copied(path: Path) -> None:
    opened(path, shipped())
    assert copies_of(path) == []
    assert sorted(each.name for each in path.parent.iterdir()) == ["lci.db"]


def test_an_older_database_is_copied_whole_for_its_owner_alone_and_that_is_said(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Not in the file yet when it is copied, but in the log beside it.
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("INSERT INTO settings (name, value) VALUES ('late', 'v')")
    with caplog.at_level(logging.WARNING), closing(other):
        opened(path, with_more(2))
    (copy,) = copies_of(path)
    assert kept_in(copy) == ["late"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert f"changes from schema {NEWEST} to {NEWEST + 2}; as it was it lies in {copy}" in caplog.text
    # It is a database that this program opens.
    copy.replace(path)
    opened(path, shipped())


def test_the_newest_three_are_kept(path: Path) -> None:
    for number in range(1, KEPT + 3):
        put(path, f"before {number}")
        opened(path, with_more(number), later(number))
    copies = copies_of(path)
    assert [f"schema-{NEWEST + n}.db" in each.name for n, each in zip((4, 3, 2), copies, strict=True)] == [True] * KEPT
    assert kept_in(copies[0])[-1] == "before 5"


def test_a_schema_that_cannot_be_changed_is_tried_again_without_one_more_copy(path: Path) -> None:
    put(path, "kept")
    for minute in range(5):
        with pytest.raises(DatabaseRefused, match="nowhere"):
            opened(path, with_more(1, "INSERT INTO nowhere VALUES ({0});\n"), later(minute))
    (copy,) = copies_of(path)
    assert kept_in(copy) == ["kept"]


def test_what_a_crash_left_of_a_copy_is_removed_with_the_next(path: Path) -> None:
    torn = path.parent / "copies" / "lci.x.schema-1.partial"
    torn.parent.mkdir()
    torn.write_bytes(b"half")
    opened(path, with_more(1))
    assert [each.name for each in torn.parent.iterdir()] == [copies_of(path)[0].name]


def test_a_newer_database_is_refused_with_the_copies_that_this_lci_can_open(path: Path) -> None:
    opened(path, with_more(1), later(1))
    opened(path, with_more(2), later(2))
    newer, older = copies_of(path)
    with pytest.raises(DatabaseRefused) as caught:
        opened(path, shipped())
    assert caught.value.code == "DATABASE_NEWER"
    assert str(caught.value).endswith(f"copies from before, newest first: {older}")
    assert str(newer) not in str(caught.value)


@needs_mount
@pytest.mark.parametrize("leave", [40_000, 100_000])
def test_a_disk_without_room_for_the_copy_refuses_and_changes_nothing(tmp_path: Path, leave: int) -> None:
    with open_small_disk(tmp_path / "disk", size="4m") as small:
        path = small.path / names.DATABASE
        opened(path, shipped())
        before = path.read_bytes()
        small.fill(leave=leave)
        with pytest.raises(DatabaseRefused) as caught:
            opened(path, with_more(1))
        assert (caught.value.code, path.read_bytes()) == ("DATABASE_NOT_COPIED", before)
        assert "\n" not in str(caught.value)
        assert "make room, and start again" in str(caught.value)
        assert copies_of(path) == []
        small.make_room()
        opened(path, with_more(1))
        assert len(copies_of(path)) == 1
