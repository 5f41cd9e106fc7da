"""The phases of a visitor's connection: how long each may last, and what its expiry is answered with."""

from __future__ import annotations

from enum import Enum

from lci_app.proxy.answers import Answer, gateway_timeout, request_timeout
from lci_app.proxy.limits import Limits


class Phase(Enum):
    """A phase's value is the name of its limit, or its length in seconds."""

    # Accepted, and nothing has arrived yet; the second: while the worker stops.
    OPENED = "opened"
    FIRST_WORDS = 1.0
    # Nothing of the next request has arrived.
    IDLE = "idle"
    HEAD = "head"
    CONNECT = "connect"
    # Waiting for the visitor's body; then for the service to take it.
    UPLOAD = "upload"
    FEED = "feed"
    # The request is with the service.
    ANSWER = "answer"
    DOWNLOAD = "download"
    TUNNEL = "tunnel"
    # One side of a tunnel has ended, and the other has nothing more to say.
    LAST_WORDS = "last_words"
    # The last answer was given; what the visitor still sends is thrown away.
    LINGER = "linger"

    def seconds(self, limits: Limits) -> float:
        if isinstance(self.value, float):
            return self.value
        seconds: float = getattr(limits, "head" if self is Phase.OPENED else self.value)
        return seconds

    def expired(self) -> Answer | None:
        """Return what is answered when the phase lasted too long; None where the connection just ends."""
        if self in {Phase.HEAD, Phase.UPLOAD}:
            return request_timeout()
        if self in {Phase.CONNECT, Phase.FEED, Phase.ANSWER}:
            return gateway_timeout("The service did not answer in time.")
        return None
