"""What a commit says of itself, as text."""

from __future__ import annotations

import re
from typing import Final

from dulwich.objects import Commit

from lci_app.adapters.git.protocol import MAX_TEXT

_IDENTITY: Final = re.compile(rb"\s*(.*?)\s*<")


def described(commit: Commit) -> dict[str, str]:
    """Return `hash`, `message` and `author`, whatever encoding the commit claims."""
    encoding = (commit.encoding or b"utf-8").decode("ascii", "replace")
    match = _IDENTITY.match(commit.author)
    author = match[1] if match else commit.author
    return {
        "hash": commit.id.decode("ascii"),
        "message": _text(commit.message, encoding).strip()[:MAX_TEXT],
        "author": _text(author, encoding)[:MAX_TEXT],
    }


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")
