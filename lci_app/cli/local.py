"""The data directory itself, whether or not a service runs; and two commands that work on it."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trio

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.host import holder_of
from lci_app.adapters.sqlite import open_store
from lci_app.adapters.vault import open_vault
from lci_app.cli.exits import CommandError, Exit
from lci_app.cli.screen import Screen
from lci_app.config import Config
from lci_app.config.surroundings import load_config
from lci_app.core import names
from lci_app.core.model import Scope
from lci_app.interfaces import OutsideError, Store
from lci_app.services import identity
from lci_app.services.intake import WEBHOOK_SECRET
from lci_app.services.tokens import TokenWish, make_token


def webhook_secret(arguments: argparse.Namespace) -> Exit:
    secret = _on_store(arguments, lambda store: store.setting_or_create(WEBHOOK_SECRET, secrets.token_hex(32)))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"secret": secret})
    else:
        screen.say(secret)
    return Exit.DONE


def new_instance(arguments: argparse.Namespace) -> Exit:
    """Make a copied data directory an lci of its own; not while a service serves from it."""
    directory = _config_of(arguments).data_dir
    if not (directory / names.DATABASE).exists():
        raise CommandError(Exit.NOT_FOUND, f"{directory} holds no database: no lci has served from it yet")
    if (holder := holder_of(directory)) is not None:
        raise CommandError(Exit.CONFLICT, f"{directory} is in use by a service (process {holder}): stop that first")
    instance = _on_store(arguments, lambda store: identity.renew(store, directory.resolve()))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"instance": instance})
    else:
        screen.say(
            f"{directory} is an lci of its own now ({instance}): the containers of the other are not its any more"
        )
    return Exit.DONE


async def add_token(store: Store, name: str, scope: Scope) -> str:
    """Make a token and return it; the store keeps only its hash."""
    _, text = await make_token(store, SystemClock(), TokenWish(name=name, scope=scope))
    return text


@asynccontextmanager
async def open_data_directory(directory: Path, credentials: Path | None) -> AsyncIterator[Store]:
    """Open the store of a data directory, made where it is missing. Raises CommandError."""
    _make_data_directory(directory)
    try:
        vault = open_vault(directory / names.KEYS, credentials and credentials / names.KEYS)
        async with open_store(directory / names.DATABASE, sealer=vault, at=SystemClock().now()) as store:
            yield store
    except OutsideError as error:
        raise CommandError(Exit.FAILED, str(error), code=error.code) from None


def _make_data_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)  # one that was there before may be open to others
    except OSError as error:
        why = "it is no directory" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        raise CommandError(Exit.FAILED, f"the data directory {directory} cannot be used: {why}") from None


def _config_of(arguments: argparse.Namespace) -> Config:
    return load_config({} if arguments.data_dir is None else {"data_dir": arguments.data_dir})


def _on_store(arguments: argparse.Namespace, work: Callable[[Store], Coroutine[Any, Any, str]]) -> str:
    config = _config_of(arguments)

    async def run() -> str:
        async with open_data_directory(config.data_dir, config.credentials_dir) as store:
            return await work(store)

    return trio.run(run)
