"""Turns what a request carries into the model that its route asks for, or into a Problem that names the field."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lci_app.api import problem
from lci_app.api.problem import Problem
from lci_app.core.plain_words import in_plain_words

Model = TypeVar("Model", bound=BaseModel)


def query_of(model: type[Model], parameters: Mapping[str, Sequence[str]]) -> Model:
    for name, values in parameters.items():
        if len(values) > 1:
            raise problem.invalid(name, "must be given once")
    return checked(model, {name: values[0] for name, values in parameters.items()})


def body_of(model: type[Model], raw: bytes, content_type: str) -> Model:
    """Read a JSON object; no body at all stands for an empty one."""
    if not raw:
        raw = b"{}"
    elif not _is_json(content_type):
        raise problem.wrong_content_type(content_type)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise as_problem(model, error) from None


def checked(model: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise as_problem(model, error) from None


def as_problem(model: type[BaseModel], error: ValidationError) -> Problem:
    """Say what is wrong with the first field that is; a misspelt one is the cause of the one that is missing."""
    findings = sorted(error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden")
    first = findings[0]
    name = _field(first["loc"])
    same = [each for each in findings if _field(each["loc"]) == name]
    reason = _reason(model, name, same)
    # A check of several fields names the one it means as its first word.
    named, _, rest = reason.partition(" ")
    if not name and named in model.model_fields:
        return problem.invalid(named, rest)
    return problem.invalid(name, reason)


def _reason(model: type[BaseModel], name: str, findings: Sequence[ErrorDetails]) -> str:
    first = findings[0]
    match first["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return _unknown(name, model)
        case "json_invalid":
            return f"is not JSON: {first['ctx']['error']}"
        case "model_type":
            return "must be a JSON object"
        case "dict_type":
            return "must be an object of names and values"
        case "int_parsing":
            return "must be a whole number"
        case "bool_parsing":
            return "must be true or false"
        case _:
            return in_plain_words(findings, first["input"])


def _unknown(name: str, model: type[BaseModel]) -> str:
    known = [field.alias or own for own, field in model.model_fields.items()]
    close = difflib.get_close_matches(name, known, n=1)
    return f"is not known here; did you mean {close[0]}?" if close else "is not known here"


def _field(location: tuple[int | str, ...]) -> str:
    # What a union tried is no part of the field's name: pydantic writes it with brackets or hyphens.
    parts = [str(part) for part in location]
    return ".".join(part for part in parts if not any(mark in part for mark in "[-") or part == parts[0])


def _is_json(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence == "application/json" or (essence.startswith("application/") and essence.endswith("+json"))
