"""Each event that leaves the process: one class each, the only source of the names on the wire.

The server, the command line, the tests and the web client's types derive from here. `audience` says which
subscriptions hear an event: a build's, its project's, everybody's.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from lci_app.core.codes import PUBLISHED
from lci_app.core.model import BuildStatus, Slot, Stream


def _published(name: str) -> WithJsonSchema:
    """Publish a text as one of the codes of that name; it is never refused for being another."""
    return WithJsonSchema({"title": name, "type": "string", "enum": list(PUBLISHED[name])})


# Codes are checked where they are made, by the type checker; what is told may be of an older lci.
ToldFailureCode = Annotated[str, _published("FailureCode")]
ToldEventCode = Annotated[str, _published("EventCode")]
ToldReasonCode = Annotated[str, _published("ReasonCode")]

Audience = frozenset[Literal["build", "project", "global"]]
EVERYBODY: Audience = frozenset({"build", "project", "global"})


class Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_enum_values=False)
    audience: ClassVar[Audience] = frozenset()
    timestamp: str


class Connected(Event):
    type: Literal["connected"] = "connected"
    connection_id: str
    # A page that was loaded from another version is told by this that it is old.
    version: str


class Subscribed(Event):
    type: Literal["subscribed"] = "subscribed"
    target: Literal["build", "project", "global"]
    build_id: int | None = None
    project_id: int | None = None
    # The build's status, or the project's live slot; null for everybody's events.
    current_status: str | None = None


class Unsubscribed(Event):
    type: Literal["unsubscribed"] = "unsubscribed"
    target: Literal["build", "project", "global"]
    build_id: int | None = None
    project_id: int | None = None


class Pong(Event):
    type: Literal["pong"] = "pong"


class BuildStatusChanged(Event):
    audience: ClassVar[Audience] = EVERYBODY
    type: Literal["build_status"] = "build_status"
    build_id: int
    project_id: int
    project_name: str
    build_number: int
    status: BuildStatus
    previous_status: BuildStatus | None


class LogLine(Event):
    type: Literal["log"] = "log"
    build_id: int
    project_id: int
    line: str
    line_number: int
    stream: Stream
    stage: str
    # The line was longer than 64 KiB and goes on in the next of its stream.
    continued: bool = False


class LogBatch(Event):
    type: Literal["log_batch"] = "log_batch"
    build_id: int
    # number, timestamp, stream, text
    lines: list[tuple[int, str, Stream, str]]
    # The numbers of those that go on in the next line of their stream.
    continued: list[int] = Field(default_factory=list)


class Lagged(Event):
    """The viewer fell behind what is written; it goes on from the stored log at `next_line`."""

    type: Literal["lagged"] = "lagged"
    build_id: int
    next_line: int


class HealthCheck(Event):
    audience: ClassVar[Audience] = EVERYBODY
    type: Literal["health_check"] = "health_check"
    build_id: int
    project_id: int
    slot: Slot
    attempt: int
    max_attempts: int
    status: Literal["Checking", "Success", "Failed"]
    url: str
    response_code: int | None = None
    response_time_ms: float | None = None


class DeploymentEnded(Event):
    audience: ClassVar[Audience] = EVERYBODY
    type: Literal["deployment"] = "deployment"
    build_id: int
    project_id: int
    project_name: str
    status: Literal["Success", "Failed"]
    slot: Slot
    url: str
    reason: str


class ContainerStatus(Event):
    audience: ClassVar[Audience] = frozenset({"project", "global"})
    type: Literal["container_status"] = "container_status"
    project_id: int
    slot: Slot
    container_id: str
    status: Literal["Starting", "Running", "Stopped", "Error"]


class ReadinessReason(BaseModel):
    """One thing that is wrong with what lci stands on; while one is `blocking`, no build starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    code: ToldReasonCode
    message: str
    blocking: bool


class SystemStatus(Event):
    """Whether builds start now, and what is wrong with the machine; told at every change."""

    audience: ClassVar[Audience] = frozenset({"global"})
    type: Literal["system_status"] = "system_status"
    ready: bool
    reasons: list[ReadinessReason]


class ErrorEvent(Event):
    audience: ClassVar[Audience] = EVERYBODY
    type: Literal["error"] = "error"
    code: ToldEventCode
    message: str
    build_id: int | None = None
    project_id: int | None = None
    details: dict[str, str | int] = Field(default_factory=dict)


# What the hub carries; log lines are read from the stored log instead, so that no viewer can lose one.
Published = BuildStatusChanged | HealthCheck | DeploymentEnded | ContainerStatus | SystemStatus | ErrorEvent
ServerMessage = Annotated[
    Connected | Subscribed | Unsubscribed | Pong | LogLine | LogBatch | Lagged | Published,
    Field(discriminator="type"),
]


class Subscription(BaseModel):
    """What a client asks for with `subscribe`, or ends with `unsubscribe`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    type: Literal["subscribe", "unsubscribe"]
    target: Literal["build", "project", "global"]
    build_id: int | None = None
    project_id: int | None = None
    from_line: int = Field(default=0, ge=0)
    batch: bool = False


class Ping(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    type: Literal["ping"]


ClientMessage = Annotated[Subscription | Ping, Field(discriminator="type")]
