"""Files and directories that are for the user alone who runs lci."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import trio

from lci_app.core import names
from lci_app.interfaces import Trouble

_log = logging.getLogger(__name__)

_DIRECTORY: Final = 0o700
_FILE: Final = 0o600
_OTHERS: Final = 0o077


def prepare_data_directory(data_directory: Path) -> None:
    """Make the data directory, for this user alone; whatever is made from here on is for this user alone too.

    What lies there and is open to others is closed to them. Raises Trouble("DATA_DIRECTORY_UNUSABLE").
    """
    os.umask(_OTHERS)
    try:
        for path in (data_directory, data_directory / names.RUN):
            path.mkdir(mode=_DIRECTORY, parents=True, exist_ok=True)
        for path in (data_directory, *_kept_private(data_directory)):
            _close_to_others(path)
    except OSError as error:
        why = error.strerror or error
        raise Trouble(
            "DATA_DIRECTORY_UNUSABLE", f"the data directory {data_directory} cannot be used: {why}"
        ) from error


def keep_set_up_link(data_directory: Path, link: str | None) -> None:
    """Say the link by which the first administrator registers, once in the log and in a file; None takes it away.

    Raises Trouble("DATA_DIRECTORY_UNUSABLE").
    """
    path = data_directory / names.SET_UP_LINK
    try:
        if link is None:
            path.unlink(missing_ok=True)
            return
        write_private(path, f"{link}\n")
    except OSError as error:
        raise Trouble("DATA_DIRECTORY_UNUSABLE", f"{path} cannot be written: {error.strerror}") from error
    _log.warning("nobody is registered yet: open %s on this machine within an hour (it is also in %s)", link, path)


async def forget_set_up_link(data_directory: Path) -> None:
    """Take the link's file away once somebody is registered; the link itself is worth nothing by then."""
    path = data_directory / names.SET_UP_LINK
    try:
        await trio.Path(path).unlink(missing_ok=True)
    except OSError as error:
        _log.warning("%s cannot be removed: %s", path, error.strerror)


def write_private(path: Path, text: str) -> None:
    """Put `text` into a file of mode 0600, in place of what was there, in one step. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 from the start
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _kept_private(data_directory: Path) -> Iterator[Path]:
    """Yield what lies directly in the data directory and beside the database: trees of builds are below closed ones."""
    yield from data_directory.iterdir()
    database = data_directory / names.DATABASE
    if database.parent.is_dir():
        yield from database.parent.iterdir()


def _close_to_others(path: Path) -> None:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or not status.st_mode & _OTHERS:
        return
    path.chmod(_DIRECTORY if stat.S_ISDIR(status.st_mode) else _FILE)
