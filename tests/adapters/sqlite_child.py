"""Another process on the same database: `python -m tests.adapters.sqlite_child DATABASE WORK [ARGUMENT]`.

It prints one line a step, so that whoever started it waits for lines and never for time.
"""

from __future__ import annotations

import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

import trio

from lci_app.adapters.sqlite import SqliteStore, open_store
from lci_app.core.model import Scope
from lci_app.interfaces import NewToken, Placed
from tests.adapters.sqlite_store import EARLY, SEALER, new_build

WRITERS = 8


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def add_token(store: SqliteStore, secret: str) -> None:
    new = NewToken(name="child", secret_sha256=sha256(secret.encode()).hexdigest(), scope=Scope.ADMIN)
    await store.add_token(new, EARLY)
    say("added")


async def queue_builds(store: SqliteStore, wanted: str) -> None:
    """Queue builds of the first project from several tasks; each number is printed once it is acknowledged."""
    project = await store.project(1)
    assert project is not None

    async def queue(count: int) -> None:
        for _ in range(count):
            placed = await store.queue_build(new_build(project), EARLY)
            assert isinstance(placed, Placed)
            build = placed.build
            say(str(build.build_number))

    async with trio.open_nursery() as nursery:
        for _ in range(WRITERS):
            nursery.start_soon(queue, int(wanted) // WRITERS)


async def work(database: Path, name: str, argument: str) -> None:
    async with open_store(database, sealer=SEALER, at=EARLY) as store:
        await {"add-token": add_token, "queue-builds": queue_builds}[name](store, argument)


def hold_the_lock(database: Path) -> None:
    """Hold the lock for writing until a line comes in."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    say("locked")
    sys.stdin.readline()
    connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    database, name, *rest = sys.argv[1:]
    if name == "hold-the-lock":
        hold_the_lock(Path(database))
    else:
        trio.run(work, Path(database), name, rest[0])
