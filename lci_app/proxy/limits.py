"""How long each phase of a connection may take, and how much a worker holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """All times in seconds. A deadline fires up to `sweep` late, in a crowd that is late together 2 s more."""

    # How often deadlines, vanished clients and unused connections are looked at.
    sweep: float = 0.5
    # A request's head, from its first byte (on a new connection: from its opening).
    head: float = 10.0
    # Between two requests of one connection. Browsers keep theirs for one to five minutes.
    idle: float = 75.0
    # Opening a connection to a service on this host.
    connect: float = 5.0
    # From the last byte of the request to the first of the answer.
    answer: float = 60.0
    # A visitor that sends no more (it has closed its connection, or only its side) waits so long for an answer to begin
    # or to go on.
    half_closed: float = 0.5
    # Without any progress: a body from a visitor, the same to its service, an answer's body
    # (server-sent events may be silent for minutes).
    upload: float = 60.0
    feed: float = 60.0
    download: float = 600.0
    # A tunnel (WebSocket) through which nothing went either way.
    tunnel: float = 3600.0
    # The same where one side has ended: as a rule it is gone altogether.
    last_words: float = 1.5
    # What a client still sends is read and thrown away so long, so that it sees the answer and not a reset.
    linger: float = 2.0
    # An unused connection to a service is kept so long, and so many of them for each.
    pooled: float = 30.0
    pool_size: int = 64
    # A request that must not be repeated takes a pooled connection only if it was used so recently that the service
    # cannot be closing it for being idle.
    fresh: float = 1.0
    # Open client connections of one worker, and never more than its descriptors are enough for; others wait in the
    # listening socket's queue.
    connections: int = 8192
    # A worker goes on serving so long after its control plane was lost: enough to repair and start it again, and not
    # so long that visitors are for ever sent where nobody looks after the versions any more.
    orphaned: float = 600.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
