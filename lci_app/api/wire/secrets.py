"""Stored secrets: given, named, never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from lci_app.api.wire.base import Answer, Body
from lci_app.core.secrets import MAX_SECRETS, SecretFacts, name_problem, value_problem


def _checked_value(value: str) -> str:
    if (problem := value_problem(value)) is not None:
        raise ValueError(problem)
    return value


def _checked_name(name: str) -> str:
    if (problem := name_problem(name)) is not None:
        raise ValueError(problem)
    return name


Value = Annotated[str, AfterValidator(_checked_value)]
Name = Annotated[str, AfterValidator(_checked_name)]


class SecretBody(Body):
    value: Annotated[Value, Field(repr=False)]


class SecretsBody(Body):
    """Several at once, all or none of them."""

    values: Annotated[dict[Name, Value], Field(min_length=1, max_length=MAX_SECRETS, repr=False)]


class SecretDocument(Answer):
    """What is told of a secret. `project_id` null: it is there for every project."""

    name: str
    project_id: int | None
    fingerprint: str
    set_at: str

    @classmethod
    def of(cls, facts: SecretFacts) -> Self:
        return cls(name=facts.name, project_id=facts.project_id, fingerprint=facts.fingerprint, set_at=facts.set_at)


class SecretList(Answer):
    total: int
    secrets: list[SecretDocument]

    @classmethod
    def of(cls, facts: Sequence[SecretFacts]) -> Self:
        return cls(total=len(facts), secrets=[SecretDocument.of(each) for each in facts])


class SecretRemoved(Answer):
    name: str


class KeyRotated(Answer):
    """How many stored values were sealed anew. `key_is_given`: whoever starts lci may take the old keys out now."""

    resealed: int
    key_is_given: bool
