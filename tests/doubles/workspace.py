"""A real directory without threads, for tests under a fake clock."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import trio

from lci_app.interfaces import Trouble


@dataclass
class InlineWorkspace:
    """`stuck`: paths that cannot be removed. `opened`: what every user was let into."""

    root: Path
    stuck: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)

    def path(self, relative: str) -> Path:
        return self.root / relative

    async def make(self, relative: str, *, mode: int = 0o700) -> Path:
        await trio.lowlevel.checkpoint()
        self.path(relative).mkdir(mode=mode, parents=True, exist_ok=True)
        return self.path(relative)

    async def remove(self, relative: str) -> int:
        await trio.lowlevel.checkpoint()
        if relative in self.stuck:
            raise Trouble("WORKSPACE_FAILED", f"cannot remove {relative}: permission denied")
        size = self._size(relative)
        shutil.rmtree(self.path(relative), ignore_errors=True)
        return size

    async def size(self, relative: str) -> int:
        await trio.lowlevel.checkpoint()
        return self._size(relative)

    async def children(self, relative: str) -> list[str]:
        await trio.lowlevel.checkpoint()
        path = self.path(relative)
        return sorted(each.name for each in path.iterdir()) if path.is_dir() else []

    async def is_directory(self, relative: str) -> bool:
        await trio.lowlevel.checkpoint()
        return self.path(relative).is_dir()

    async def is_file(self, relative: str) -> bool:
        await trio.lowlevel.checkpoint()
        return self.path(relative).is_file()

    async def open_up(self, relative: str) -> None:
        await trio.lowlevel.checkpoint()
        self.opened.append(relative)

    async def read_text(self, relative: str, *, limit: int) -> str | None:
        await trio.lowlevel.checkpoint()
        path = self.path(relative)
        return path.read_text("utf-8")[:limit] if path.is_file() else None

    async def holds(self, path: str) -> bool:
        await trio.lowlevel.checkpoint()
        return Path(path).is_relative_to(self.root)

    def _size(self, relative: str) -> int:
        return sum(each.stat().st_size for each in self.path(relative).rglob("*") if each.is_file())
