"""Which paths of the host lead to what lci keeps for itself, by whatever links and mounts."""

from __future__ import annotations

from pathlib import Path

from lci_app.core import names


def is_below(root: Path, path: str) -> bool:
    """Return whether a path leads below `root`, the demo's repository there apart. Blocks on the disk."""
    try:
        real = Path(path).resolve()
        passed = [real, *real.parents]
        demo = root / names.DEMO_REPOSITORY
        if demo.exists() and any(_is_same(each, demo) for each in passed):
            return False
        return any(_is_same(each, root) for each in passed)
    except (RuntimeError, ValueError):
        return False  # links in a ring, or a NUL: it leads nowhere


def _is_same(path: Path, other: Path) -> bool:
    return path.exists() and path.samefile(other)
