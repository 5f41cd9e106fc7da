"""What a route is, what a handler is given, and what it may answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict
from werkzeug.datastructures import Headers

from lci_app.api import problem
from lci_app.core.accounts import Caller
from lci_app.core.model import Scope
from lci_app.interfaces import Once
from lci_app.services.sign_in import Browser

JSON: Final = "application/json"
TEXT: Final = "text/plain; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
EVENTS: Final = "text/event-stream; charset=utf-8"
_EVENT_STREAM: Final = "text/event-stream"
BYTES: Final = "application/octet-stream"

# What SQLite can count to; a larger id names nothing.
MAX_ID: Final = 2**63 - 1

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")


class Exempt(StrEnum):
    """Why a route asks for no token. A route must say one of these, or a scope: leaving it out is an error.

    SIGN_IN: here one says who one is. Whoever fails to is a 401, whatever else may be wrong with the request.
    """

    PROBE = "probe"
    SIGNATURE = "signature"
    ASSET = "asset"
    SIGN_IN = "sign-in"


class Nothing(BaseModel):
    """No query parameters, or no body fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table from which routing, policy, validation, OpenAPI document and reference derive.

    `operation` is the name of the handler. `answer` is the model of `data`; None where the answer is no JSON, and
    `content` says what it is. `idempotent`: it creates or starts something and honours `Idempotency-Key`. `personal`:
    it is about the person who is signed in, and no token's.
    """

    method: str
    path: str
    operation: str
    access: Scope | Exempt
    summary: str
    query: type[BaseModel] = Nothing
    body: type[BaseModel] = Nothing
    answer: type[BaseModel] | None = None
    status: int = 200
    content: tuple[str, ...] = (JSON,)
    idempotent: bool = False
    raw_body: bool = False
    websocket: bool = False
    personal: bool = False
    # A page for people, or what it is made of: no part of the API that the OpenAPI document describes. What an address
    # of a page asks for, the page reads itself.
    is_page: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes something, so that no other web page may ask for it."""
        return self.method != "GET"

    @property
    def takes_body(self) -> bool:
        return self.method in {"POST", "PUT", "PATCH", "DELETE"} and not self.raw_body


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in the success envelope."""

    data: BaseModel
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


class Key(Protocol):
    """A request's `Idempotency-Key`."""

    def once(self, reply: Callable[[T], Reply]) -> Once[T]:
        """Have `reply`, which tells of what the request makes, kept together with it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a request comes from, and by which way. `secret`: what the session's cookie says; empty without one.

    `local`: from this machine itself, and passed on by nobody. `secure`: by the dashboard's https address.
    """

    browser: Browser = field(default_factory=lambda: Browser(""))
    local: bool = False
    secure: bool = False
    request_id: str = ""


# Whose request it is where a route asks for nobody.
NOBODY: Final = Caller(Scope.READ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: authenticated, allowed, and of the shape that its route asks for."""

    path: Mapping[str, str]
    # As they came; where the body is raw, the handler makes them its query once it trusts the caller.
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    query: BaseModel = field(default_factory=Nothing)
    body: BaseModel = field(default_factory=Nothing)
    raw: bytes = b""
    headers: Headers = field(default_factory=Headers)
    cookies: Mapping[str, str] = field(default_factory=dict)
    caller: Caller = NOBODY
    visit: Visit = field(default_factory=Visit)
    key: Key | None = None

    def once(self, reply: Callable[[T], Reply]) -> Once[T] | None:
        """Return what the store is asked to keep, `reply`, with what this request makes; None where it has no key."""
        return None if self.key is None else self.key.once(reply)

    def query_as(self, model: type[Model]) -> Model:
        return _checked(self.query, model)

    def body_as(self, model: type[Model]) -> Model:
        return _checked(self.body, model)

    def build_id(self) -> int:
        text = self.path["build_id"]
        number = whole_number(text)
        if number is None:
            raise problem.no_such_build(text)
        return number

    def wants_events(self) -> bool:
        accepted = (part.partition(";")[0].strip().lower() for part in self.headers.get("Accept", "").split(","))
        return _EVENT_STREAM in accepted


def _checked(value: BaseModel, model: type[Model]) -> Model:
    if not isinstance(value, model):
        raise TypeError(f"the route table says {type(value).__name__}, the handler {model.__name__}")
    return value


def whole_number(text: str) -> int | None:
    """Return an id as it stands in a path, or None where it cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if number <= MAX_ID else None


Chunks = AbstractAsyncContextManager[AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Content:
    """An answer of another type than JSON. A stream is opened when it is sent, and left when it ends or is cut."""

    body: bytes | Chunks
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


Handler = Callable[[Call], Awaitable[Reply | Content]]
