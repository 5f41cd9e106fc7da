"""What all models of the wire share, the envelope among it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from lci_app.api.problem import Problem
from lci_app.api.route import MAX_ID

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_LINES: Final = 5000
DEFAULT_LINES: Final = 1000
DEFAULT_TAIL: Final = 100

Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
Offset = Annotated[int, Field(ge=0, le=MAX_ID)]
Lines = Annotated[int, Field(ge=1, le=MAX_LINES)]
LineNumber = Annotated[int, Field(ge=0, le=MAX_ID)]


# All of them are built when they are first used: at the start that is time that nobody has yet.
class Answer(BaseModel):
    """What is answered: shapes that are made here, so nothing is checked twice."""

    model_config = ConfigDict(frozen=True, defer_build=True, json_schema_serialization_defaults_required=True)


class Query(BaseModel):
    """Query parameters: text that may stand for numbers and truth values."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Body(BaseModel):
    """A JSON body: a number in quotes is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Page(Query):
    limit: Limit = DEFAULT_LIMIT
    offset: Offset = 0


class GrowingPage(Page):
    """A list that grows at its head while it is read: `before_id` holds the place."""

    before_id: Id | None = None


def success(data: BaseModel) -> bytes:
    return b'{"success":true,"data":' + data.model_dump_json(by_alias=True).encode() + b"}"


def failure(problem: Problem) -> bytes:
    error: dict[str, Any] = {"code": problem.code, "message": problem.message, "details": dict(problem.details)}
    return json.dumps({"success": False, "error": error}, ensure_ascii=False).encode(errors="replace")
