"""What a git server says no with, over any transport."""

from __future__ import annotations

from typing import Final

from lci_app.adapters.git.protocol import Failed, Refused, Troubled

_LONGEST: Final = 300  # characters of a server's own words
_UNKNOWN_OBJECT: Final = ("not our ref", "unadvertised object", "no such ref", "unable to parse object")
_NOT_FOUND: Final = ("not found", "does not appear to be a git repository", "does not exist", "no such repository")
_DENIED: Final = ("permission denied", "access denied", "not authorized", "unauthorized", "authentication failed")


class RemoteError(Exception):
    """The server's own words for why it does not serve the request."""

    def __init__(self, words: bytes) -> None:
        text = " ".join(words.decode("utf-8", "replace").split())
        super().__init__("".join(c for c in text if c.isprintable())[-_LONGEST:])

    @property
    def unknown_object(self) -> bool:
        """Whether the server does not have, or does not give, the commit that was asked for."""
        return any(mark in str(self).lower() for mark in _UNKNOWN_OBJECT)

    def judged(self, place: str) -> Failed:
        """Return the failure that these words mean."""
        said = str(self).lower()
        if any(mark in said for mark in _DENIED):
            return Refused("REPOSITORY_DENIED", f"{place} does not let lci in: {self}")
        if any(mark in said for mark in _NOT_FOUND):
            return Refused("REPOSITORY_NOT_FOUND", f"there is no repository at {place}: {self}")
        return Troubled("REPOSITORY_UNREACHABLE", f"{place} could not be fetched from: {str(self) or 'it hung up'}")
