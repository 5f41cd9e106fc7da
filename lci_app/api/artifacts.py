"""The files a build kept: a list, a download. What leads out of the build's output is not there."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import trio

from lci_app.api import problem
from lci_app.api.lookup import build_of
from lci_app.api.response_headers import SANDBOX
from lci_app.api.route import BYTES, Call, Content, Reply
from lci_app.api.wire.projects import ProjectsQuery
from lci_app.api.wire.system import ArtifactDocument, ArtifactList
from lci_app.core import names
from lci_app.core.model import Build
from lci_app.interfaces import Store

_CHUNK_BYTES: Final = 256 * 1024
# Readers of kept files at a time: a slow disk must not take the threads of others.
_READERS: Final = 4


class ArtifactPages:
    def __init__(self, store: Store, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir
        self._limiter = trio.CapacityLimiter(_READERS)

    async def list_artifacts(self, call: Call) -> Reply:
        build = await build_of(self._store, call)
        query = call.query_as(ProjectsQuery)
        root = self._root(build)
        found = await trio.to_thread.run_sync(lambda: sorted(_files(root)), limiter=self._limiter)
        page = found[query.offset : query.offset + query.limit]
        documents = [ArtifactDocument(path=path, size=size) for path, size in page]
        return Reply(ArtifactList(total=len(found), artifacts=documents))

    async def download_artifact(self, call: Call) -> Content:
        build = await build_of(self._store, call)
        wanted = call.path["path"]
        opened = await trio.to_thread.run_sync(_open_below, self._root(build), wanted, limiter=self._limiter)
        if opened is None:
            raise problem.no_such_artifact(wanted)
        name = PurePosixPath(wanted).name
        printable = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
        headers = {**SANDBOX, "Content-Disposition": f'attachment; filename="{printable}"'}
        return Content(self._chunks(opened), BYTES, headers=headers)

    def _root(self, build: Build) -> Path:
        """Return the output that a build made, or that it deployed again."""
        return self._data_dir / names.output(build.output_build_id or build.id)

    @asynccontextmanager
    async def _chunks(self, descriptor: int) -> AsyncIterator[AsyncIterator[bytes]]:
        async def read() -> AsyncGenerator[bytes, None]:
            while chunk := await trio.to_thread.run_sync(os.read, descriptor, _CHUNK_BYTES, limiter=self._limiter):
                yield chunk

        try:
            async with aclosing(read()) as chunks:
                yield chunks
        finally:
            os.close(descriptor)


def _files(root: Path) -> Iterator[tuple[str, int]]:
    """Yield path and size of each regular file below `root`; symlinks are neither files here nor followed."""
    for directory, _, file_names in os.walk(root):
        for file_name in file_names:
            path = Path(directory, file_name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield path.relative_to(root).as_posix(), status.st_size


def _open_below(root: Path, wanted: str) -> int | None:
    """Open a regular file below `root` without following any symlink on the way; None where there is none."""
    parts = wanted.split("/")
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        return None
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(root, flags | os.O_DIRECTORY)
        for position, part in enumerate(parts, 1):
            directory = os.O_DIRECTORY if position < len(parts) else 0
            above, descriptor = descriptor, _open_in(descriptor, part, flags | directory)
            os.close(above)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return descriptor


def _open_in(directory: int, name: str, flags: int) -> int:
    try:
        return os.open(name, flags, dir_fd=directory)
    except OSError:
        os.close(directory)
        raise
