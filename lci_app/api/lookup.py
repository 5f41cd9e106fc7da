"""Finds what a path names."""

from __future__ import annotations

from lci_app.api import problem
from lci_app.api.route import Call, whole_number
from lci_app.core.model import Build
from lci_app.core.project import Project
from lci_app.interfaces import Store


async def project_of(store: Store, call: Call) -> Project:
    return await project_named(store, call.path["project"])


async def project_named(store: Store, text: str) -> Project:
    """Return the project a path names by id or by name; all digits are always an id."""
    if text.isascii() and text.isdigit():
        number = whole_number(text)
        project = None if number is None else await store.project(number)
    else:
        project = await store.project_by_name(text)
    if project is None:
        raise problem.no_such_project(text)
    return project


async def build_of(store: Store, call: Call) -> Build:
    return await build_named(store, call.path["build_id"])


async def build_named(store: Store, text: str) -> Build:
    number = whole_number(text)
    build = None if number is None else await store.build(number)
    if build is None:
        raise problem.no_such_build(text if number is None else number)
    return build
