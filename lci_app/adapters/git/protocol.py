"""What parent and child say to each other: JSON documents, each behind its length (four bytes, big-endian).

The parent sends one `Request`; the child answers with any number of `{"progress": line}` and one last answer:
`{"done": {"hash", "message", "author"}}`, or where a survey was asked for `{"done": {"hash", "files", "texts",
"commits"}}`, or `{"error": {"kind", "code", "message"}}`. A last answer with `"leaving": true` says that the child
ends now by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from lci_app.core.codes import OutsideCode

LENGTH_BYTES: Final = 4
# Far above any honest message (a deploy key, a commit message of MAX_TEXT, a survey), far below what would hurt.
MAX_MESSAGE: Final = 8 * 1024 * 1024
# Commit messages longer than this are cut.
MAX_TEXT: Final = 64 * 1024
# How many commits a survey tells of.
SURVEYED_COMMITS: Final = 20


class Failed(Exception):
    """A checkout that cannot be done; the message is one sentence for people."""

    kind = ""

    def __init__(self, code: OutsideCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Refused(Failed):
    """The project's fault: becomes interfaces.Refusal in the parent."""

    kind = "refusal"


class Troubled(Failed):
    """The machine's or the network's fault: becomes interfaces.Trouble in the parent."""

    kind = "trouble"


@dataclass(frozen=True, slots=True)
class Request:
    """One checkout: of `commit`, which may be sought behind `ref`, else of what that points at. Or a `survey` of `ref`,
    which has no commit and no destinations.

    Paths are absolute; undecodable bytes in them travel as surrogate escapes.
    """

    url: str
    mirror: str
    ref: str
    commit: str | None
    destinations: tuple[str, ...] = ()
    survey: bool = False
    token: str | None = field(default=None, repr=False)
    deploy_key: str | None = field(default=None, repr=False)

    @property
    def ref_name(self) -> bytes:
        return self.ref.encode("utf-8", "surrogateescape")

    @property
    def branch(self) -> str:
        """What people call the ref."""
        return self.ref.removeprefix("refs/heads/")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Request:
        return cls(**{**document, "destinations": tuple(document["destinations"])})


def encode(document: Mapping[str, Any]) -> bytes:
    """Return the document as it goes over the pipe; ValueError if it is longer than MAX_MESSAGE."""
    body = json.dumps(document, separators=(",", ":")).encode("ascii")
    if len(body) > MAX_MESSAGE:
        raise ValueError(f"a message of {len(body)} bytes is longer than {MAX_MESSAGE}")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def body_length(prefix: bytes) -> int:
    """Return how many bytes follow; ValueError where it cannot be a length of ours."""
    length = int.from_bytes(prefix, "big")
    if len(prefix) != LENGTH_BYTES or length > MAX_MESSAGE:
        raise ValueError("the stream between lci and its git process is out of step")
    return length


def decode(body: bytes) -> dict[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("a message must be an object")  # noqa: TRY004 - wrong bytes, not a wrong argument
    return document
