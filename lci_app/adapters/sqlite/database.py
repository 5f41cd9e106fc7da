"""One database file in use: a connection that writes, a few that read, and who may use which when."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Concatenate, Final, ParamSpec, TypeVar

import trio

from lci_app.adapters.sqlite.errors import primary_code, translated
from lci_app.adapters.sqlite.opening import Connections
from lci_app.adapters.sqlite.writer import RunBlocking, Writer
from lci_app.interfaces import Sealer, Trouble

T = TypeVar("T")
P = ParamSpec("P")


_OF_THE_DISK: Final = frozenset({"DATABASE_FULL", "DATABASE_IO"})


class Database:
    """Three ways in: `write` (group commit), `read` (in a thread), `glance` (on the event loop)."""

    def __init__(self, connections: Connections, run_blocking: RunBlocking, alarm: Callable[[], None]) -> None:
        self._alarm = alarm
        self._connections = connections
        self._run_blocking = run_blocking
        self._writer = Writer(connections.writing, run_blocking)
        self._idle = list(connections.reading)
        self._limiter = trio.CapacityLimiter(len(self._idle))

    async def write(self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a job that writes; it is durable when this returns, and undone when this raises.

        Cancelled either before the job was handed over, or not at all: its result is never lost.
        """
        try:
            return await self._writer.write(partial(_called, job, args, kwargs))
        except Trouble as trouble:
            if trouble.code in _OF_THE_DISK:
                self._alarm()
            raise

    async def read(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query of any length; all that it reads is of one moment."""
        return await self._run_blocking(
            partial(self._query, partial(_called, query, args, kwargs)), limiter=self._limiter
        )

    async def glance(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run one SELECT that finds a single row by a unique index."""
        await trio.lowlevel.checkpoint()
        # A row by its key costs 7 µs here and 100 µs through a thread. It waits for no lock: this connection has no
        # busy time-out, and the rare case (another process recovers the log) goes to a thread, which may wait.
        try:
            return query(self._connections.glancing, *args, **kwargs)
        except sqlite3.Error as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise translated(error) from error
        return await self.read(query, *args, **kwargs)

    async def close(self) -> None:
        """Refuse new jobs, run those handed over, close every connection."""
        await self._writer.drain()
        await self._run_blocking(self._connections.close, limiter=self._limiter)

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        # The limiter lets in as many as there are connections, so one is idle.
        connection = self._idle.pop()
        try:
            connection.execute("BEGIN")
            return query(connection)
        except sqlite3.Error as error:
            raise translated(error) from error
        finally:
            try:
                connection.rollback()
            except sqlite3.Error as error:
                raise translated(error) from error
            finally:
                self._idle.append(connection)


def _called(
    function: Callable[..., T], args: tuple[object, ...], kwargs: dict[str, object], connection: sqlite3.Connection
) -> T:
    return function(connection, *args, **kwargs)


class Room:
    """One subject's part of the store."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
