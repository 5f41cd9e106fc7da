"""The host: free ports, the lock of the data directory, the notice to systemd."""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lci_app.core import names
from lci_app.core.disk import Disk
from lci_app.core.subnets import Route, routes_in
from lci_app.interfaces import Trouble

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
_PR_SET_PDEATHSIG: Final = 1
_ROUTES: Final = Path("/proc/net/route")

_log = logging.getLogger(__name__)


class HostPorts:
    """Fulfils `interfaces.Ports`."""

    async def is_free(self, port: int) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # As the engine listens: connections of an earlier listener that linger do not stand in its way.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                probe.listen(1)
            except OSError:
                return False
        return True


@contextmanager
def open_lock(data_directory: Path) -> Iterator[None]:
    """Hold the data directory for this process; the kernel lets go of it when the process ends, however it ends.

    Raises Trouble("DATA_DIRECTORY_IN_USE") naming the holder, Trouble("DATA_DIRECTORY_UNUSABLE") where the lock's
    file cannot be opened.
    """
    path = data_directory / names.LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Trouble("DATA_DIRECTORY_UNUSABLE", f"cannot open {path}: {error.strerror}") from error
    try:
        _lock(descriptor, data_directory)
        yield
    finally:
        os.close(descriptor)


def own_user() -> tuple[int, int] | None:
    """Return the user and group of this process; None for root, who may do anything to files anyway."""
    return None if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def holder_of(data_directory: Path) -> str | None:
    """Return the process that holds the data directory ("unknown" where it has not said so yet), None if none does."""
    path = data_directory / names.LOCK
    try:
        told = path.lstat()
        # Asked of the kernel, and not by trying: an lci that starts just now must not meet our own lock.
        held = Path("/proc/locks").read_text(encoding="ascii")
        file = f"{os.major(told.st_dev):02x}:{os.minor(told.st_dev):02x}:{told.st_ino}"
        if not any(file in line.split() and "FLOCK" in line for line in held.splitlines()):
            return None
        return path.read_text(encoding="ascii", errors="replace").strip() or "unknown"
    except OSError:
        return None


def is_another_data_directory(path: Path, other: Path) -> bool:
    """Return whether at `path` lies an lci's data directory, and not the one at `other` by another name."""
    try:
        return (path / names.DATABASE).exists() and not path.samefile(other)
    except OSError:
        return False


class DirectoryFacts:
    """Fulfils `interfaces.HostFacts` for one data directory, as it is when this is made: whoever opens its database
    closes that to others. Raises OSError.
    """

    def __init__(self, data_directory: Path) -> None:
        self._directory = data_directory
        paths = [data_directory, *data_directory.iterdir(), *(data_directory / names.DATABASE).parent.iterdir()]
        self._open = sorted(str(path) for path in paths if not path.is_symlink() and path.stat().st_mode & 0o077)

    @property
    def place(self) -> str:
        return str(self._directory)

    def disk(self) -> Disk:
        told = os.statvfs(self._directory)
        read_only = bool(told.f_flag & os.ST_RDONLY)
        room = told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize
        return Disk(*room, told.f_favail, told.f_files, read_only)

    def routes(self) -> list[Route]:
        with suppress(OSError):
            return list(routes_in(_ROUTES.read_text(encoding="ascii")))
        return []

    def open_to_others(self) -> list[str]:
        return self._open


def _lock(descriptor: int, data_directory: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        raise Trouble(
            "DATA_DIRECTORY_IN_USE",
            f"the data directory {data_directory} is in use by another lci (process {holder or 'unknown'}); "
            "stop that one, or give this one its own --data-dir",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, however that ends (prctl(2), PR_SET_PDEATHSIG)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        _log.warning("this process will outlive its parent: %s", os.strerror(ctypes.get_errno()))


def keep_one_unpacked(data_directory: Path, unpacked: Path) -> None:
    """Note where this program was unpacked to, and remove what an earlier one, now dead, had to leave unpacked.

    For the holder of the data directory's lock alone.
    """
    note = data_directory / names.UNPACKED
    try:
        earlier = Path(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        earlier = unpacked
    # The beginning is PyInstaller's; a note that names anything else is not ours.
    if earlier != unpacked and earlier.name.startswith(unpacked.name[:4]):
        shutil.rmtree(earlier, ignore_errors=True)
    note.write_text(str(unpacked), encoding="utf-8")


def notify_systemd(address: str | None, state: str) -> None:
    """Tell systemd `state` (READY or STOPPING) at `address`, which is NOTIFY_SOCKET; nobody is told without one."""
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as messenger:
            messenger.connect("\0" + address[1:] if address.startswith("@") else address)
            messenger.send(state.encode())
    except OSError as error:
        _log.warning("systemd could not be told %s at %s: %s", state, address, error)
