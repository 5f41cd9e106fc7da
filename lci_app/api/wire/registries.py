"""Logins to registries of images: given, named, their passwords never shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from lci_app.api.wire.base import Answer, Body
from lci_app.core.registries import RegistryFacts, password_problem, username_problem


def _without(problem_of: Callable[[str], str | None]) -> AfterValidator:
    def check(value: str) -> str:
        if (problem := problem_of(value)) is not None:
            raise ValueError(problem)
        return value

    return AfterValidator(check)


class RegistryBody(Body):
    username: Annotated[str, _without(username_problem)]
    password: Annotated[str, _without(password_problem), Field(repr=False)]


class RegistryDocument(Answer):
    """What is told of a stored login; `fingerprint` is of its password."""

    host: str
    username: str
    fingerprint: str
    set_at: str

    @classmethod
    def of(cls, facts: RegistryFacts) -> Self:
        return cls(host=facts.host, username=facts.username, fingerprint=facts.fingerprint, set_at=facts.set_at)


class RegistryList(Answer):
    total: int
    registries: list[RegistryDocument]

    @classmethod
    def of(cls, facts: Sequence[RegistryFacts]) -> Self:
        return cls(total=len(facts), registries=[RegistryDocument.of(each) for each in facts])


class RegistryRemoved(Answer):
    host: str
