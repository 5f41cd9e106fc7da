"""All rooms of the store together, and the one way to open it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio

from lci_app.adapters.sqlite.audit import AuditRoom
from lci_app.adapters.sqlite.builds import BuildsRoom
from lci_app.adapters.sqlite.database import Database
from lci_app.adapters.sqlite.deliveries import DeliveriesRoom
from lci_app.adapters.sqlite.deployments import DeploymentsRoom
from lci_app.adapters.sqlite.lives import LivesRoom
from lci_app.adapters.sqlite.migrate import shipped
from lci_app.adapters.sqlite.opening import open_database
from lci_app.adapters.sqlite.projects import ProjectsRoom
from lci_app.adapters.sqlite.registries import RegistriesRoom
from lci_app.adapters.sqlite.secrets import SecretsRoom
from lci_app.adapters.sqlite.sessions import SessionsRoom
from lci_app.adapters.sqlite.settings import SettingsRoom
from lci_app.adapters.sqlite.slots import SlotsRoom
from lci_app.adapters.sqlite.stages import StagesRoom
from lci_app.adapters.sqlite.tokens import TokensRoom
from lci_app.adapters.sqlite.users import UsersRoom
from lci_app.adapters.sqlite.writer import RunBlocking, in_thread
from lci_app.core.model import Timestamp
from lci_app.interfaces import Sealer


class SqliteStore(
    SettingsRoom,
    UsersRoom,
    SessionsRoom,
    TokensRoom,
    AuditRoom,
    SecretsRoom,
    RegistriesRoom,
    ProjectsRoom,
    SlotsRoom,
    DeliveriesRoom,
    BuildsRoom,
    LivesRoom,
    StagesRoom,
    DeploymentsRoom,
):
    """`interfaces.Store` on one SQLite file. Raises Trouble where the disk or another process is in the way."""


@asynccontextmanager
async def open_store(
    path: Path,
    *,
    sealer: Sealer,
    at: Timestamp,
    run_blocking: RunBlocking = in_thread,
    alarm: Callable[[], None] = lambda: None,
) -> AsyncIterator[SqliteStore]:
    """Open the database file, made and migrated where need be; `at` is the time that a migration's record bears.
    Secrets lie in it sealed by `sealer`; those that an older lci has left in clear are sealed now.

    `alarm` is called whenever the disk has failed a write. What was handed over is written before the block is left.
    Other processes may have the same file open. Raises DatabaseRefused, with the file as it was, where it is no
    database of this program or of a newer one.
    """
    connections = await run_blocking(
        partial(open_database, path, shipped(), sealer, at), limiter=trio.CapacityLimiter(1)
    )
    database = Database(connections, run_blocking, alarm)
    try:
        yield SqliteStore(database, sealer)
    finally:
        with trio.CancelScope(shield=True):
            await database.close()
