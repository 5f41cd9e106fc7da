"""Checkouts for tests: a source with real children, each checkout into new folders."""

from __future__ import annotations

import stat
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from lci_app.adapters.git.source import open_source
from lci_app.interfaces import Commit, Repository, Source

PROGRAM: Sequence[str] = (sys.executable, "-m", "lci_app")


class Checkouts:
    """Checks out into new folders `app` and `build`, those of the newest checkout, in a new folder or in `into`."""

    def __init__(self, source: Source, root: Path) -> None:
        self._source = source
        self.root = root
        self._count = 0
        self.mirror = root / "mirror.git"
        self.lines: list[str] = []
        self.app = self.build = root

    async def __call__(
        self,
        url: str,
        commit: str | None = None,
        *,
        branch: str = "main",
        token: str | None = None,
        deploy_key: str | None = None,
        mirror: Path | None = None,
        into: Path | None = None,
        timeout: float = 30,
        pull_request: int | None = None,
    ) -> Commit:
        folder = into or self._new_folder()
        self.app, self.build = folder / "app", folder / "build"
        return await self._source.checkout(
            Repository(url, token=token, deploy_key=deploy_key),
            mirror=mirror or self.mirror,
            branch=branch,
            commit_hash=commit,
            destinations=[self.app, self.build],
            progress=self._tell,
            timeout=timeout,
            pull_request=pull_request,
        )

    def _new_folder(self) -> Path:
        self._count += 1
        folder = self.root / f"checkout-{self._count}"
        folder.mkdir(parents=True)
        return folder

    async def _tell(self, line: str) -> None:
        self.lines.append(line)


@asynccontextmanager
async def open_checkouts(root: Path, idle_timeout: float = 60) -> AsyncIterator[Checkouts]:
    async with open_source(program=PROGRAM, idle_timeout=idle_timeout) as source:
        yield Checkouts(source, root)


def contents(folder: Path) -> dict[str, str | bytes]:
    """Return each file's bytes, each link's `-> target` and each empty folder's `/`, by its path in `folder`."""
    found: dict[str, str | bytes] = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[name] = "/"
    return found


def modes(folder: Path) -> dict[str, str]:
    """Return the permission bits of `folder` and all in it that is no link, in octal."""
    paths = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    return {str(path.relative_to(folder)): f"{stat.S_IMODE(path.stat().st_mode):o}" for path in paths}


def workers(parent: int | str = "self") -> list[int]:
    """Return the git children of a process that live."""
    alive = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            alive += [int(child) for child in (task / "children").read_text().split()]
    return [pid for pid in alive if b"\0git-worker\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
