"""The project file: one TOML for two uses.

`lci project add` registers a project by it (`parse_registration`); committed in a repository as `.lci.toml` it
overrides the stored settings for each build of that commit (`parse_repository_file`, then `merge`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lci_app.core.plain_words import in_plain_words
from lci_app.core.project import NewProject, ProjectSettings
from lci_app.core.project_file_keys import KEYS, NOT_YET, REGISTRATION_ONLY
from lci_app.core.toml_positions import KeyPath, Position, TomlDocument, TomlFault, read_toml

FILE_NAME: Final = ".lci.toml"

Origin = Literal["default", "project", "repository"]


class _Use(StrEnum):
    REGISTRATION = "registration"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong at one place of a file; `str(problem)` is one sentence."""

    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.key + ' ' if self.key else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class FilePart:
    """What a repository's file says: checked values by setting. `deploy` False: build and verify only."""

    values: Mapping[str, Any] = field(default_factory=dict)
    deploy: bool = True


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings one build runs with, and where each value comes from.

    `deploy` False: the repository's file keeps this commit from being deployed.
    """

    settings: ProjectSettings
    origins: Mapping[str, Origin]
    deploy: bool

    def to_json(self) -> dict[str, Any]:
        """Return `{setting: {"value": …, "origin": …}}`."""
        values = self.settings.model_dump(mode="json")
        return {name: {"value": value, "origin": self.origins[name]} for name, value in values.items()}


def settings_of(effective: Mapping[str, Any]) -> ProjectSettings:
    """Return the settings that `Effective.to_json` was made of."""
    return ProjectSettings.model_validate({name: entry["value"] for name, entry in effective.items()})


def parse_registration(text: str) -> NewProject | list[FileProblem]:
    """Return the project that a file registers, or everything that is wrong with the file, in its order."""
    read = _read(text, _Use.REGISTRATION)
    if isinstance(read, list):
        return read
    values = dict(read.values)
    name = {"name": values.pop("name")} if "name" in values else {}
    try:
        # JSON's strict mode: lists and texts stand for tuples and enumerations, but no text for a number.
        return NewProject.model_validate_json(_to_json({**name, "settings": values}), strict=True)
    except ValidationError as error:
        return _problems(error, read)


def parse_repository_file(text: str) -> FilePart | list[FileProblem]:
    """Return what a repository's own file overrides, or everything that is wrong with it, in its order."""
    read = _read(text, _Use.REPOSITORY)
    if isinstance(read, list):
        return read
    try:
        # The repository is not the file's to give: any stands in for it.
        checked = ProjectSettings.model_validate_json(_to_json({**read.values, "repo": "owner/name"}), strict=True)
    except ValidationError as error:
        return _problems(error, read)
    values = {name: getattr(checked, name) for name in read.values if name != "auto_deploy"}
    return FilePart(values, deploy=checked.auto_deploy)


def merge(settings: ProjectSettings, part: FilePart | None) -> Effective:
    """Return what a build runs with: the repository's values win over the stored ones.

    Of an environment the file's variables win one by one: stored ones that it does not name stay.
    """
    part = part or FilePart()
    values = {name: _combined(getattr(settings, name), value) for name, value in part.values.items()}
    if "build_command" in values and "build_script" not in values:
        # The file says how it is built: a stored script would win over its command.
        values["build_script"] = ()
    merged = settings.model_copy(update=values)
    return Effective(
        merged, {name: _origin(settings, name, part) for name in ProjectSettings.model_fields}, part.deploy
    )


def _combined(stored: Any, given: Any) -> Any:
    return {**stored, **given} if isinstance(stored, dict) and isinstance(given, dict) else given


def _origin(settings: ProjectSettings, name: str, part: FilePart) -> Origin:
    if name in part.values:
        return "repository"
    default = ProjectSettings.model_fields[name].get_default(call_default_factory=True)
    return "default" if getattr(settings, name) == default else "project"


@dataclass(frozen=True, slots=True)
class _Read:
    """Unchecked values by setting, and the key each came from."""

    document: TomlDocument
    values: Mapping[str, Any]
    keys: Mapping[str, tuple[str, str]]

    def problem(self, path: KeyPath, message: str) -> FileProblem:
        return _problem(self.document, path, message)


def _read(text: str, use: _Use) -> _Read | list[FileProblem]:
    document = read_toml(text)
    if isinstance(document, TomlFault):
        return [_at(document.position, "", document.message)]
    problems: list[FileProblem] = []
    values: dict[str, Any] = {}
    keys: dict[str, tuple[str, str]] = {}
    for table, content in document.values.items():
        if (fault := _table_fault(table, content)) is not None:
            problems.append(_problem(document, (table,), fault))
            continue
        for key, value in content.items():
            setting = KEYS[table].get(key, "")
            if (fault := _key_fault(table, key, use)) is not None:
                problems.append(_problem(document, (table, key), fault))
            elif setting in keys:
                problems.append(_problem(document, (table, key), f"says again what {'.'.join(keys[setting])} says"))
            else:
                values[setting], keys[setting] = value, (table, key)
    return _in_order(problems) or _Read(document, values, keys)


def _table_fault(table: str, content: Any) -> str | None:
    if table in NOT_YET:
        return "is not supported yet"
    if table in KEYS:
        return None if isinstance(content, dict) else f"must be a table, written [{table}]"
    homes = [f"[{home}]" for home, keys in KEYS.items() if table in keys]
    if homes:
        return f"stands outside a table: it belongs under {' or '.join(homes)}"
    return _unknown(table, [*KEYS])


def _key_fault(table: str, key: str, use: _Use) -> str | None:
    setting = KEYS[table].get(key)
    if setting is None:
        homes = [f"[{home}]" for home, keys in KEYS.items() if key in keys]
        return f"belongs under {' or '.join(homes)}" if homes else _unknown(key, [*KEYS[table]])
    if use is _Use.REPOSITORY and table == "project" and setting in REGISTRATION_ONLY:
        return REGISTRATION_ONLY[setting]
    return None


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key.replace("-", "_").lower(), known, n=1)
    return f"is not known; did you mean {close[0]}?" if close else f"is not known; known are {', '.join(sorted(known))}"


def _problems(error: ValidationError, read: _Read) -> list[FileProblem]:
    """Return one problem for each key that is wrong; a value of several allowed types fails once for each of them."""
    found: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        path = [part for part in detail["loc"] if part != "settings"]
        found.setdefault(str(path[0]), []).append(detail)
    return _in_order([_setting_problem(setting, details, read) for setting, details in found.items()])


def _setting_problem(setting: str, details: list[ErrorDetails], read: _Read) -> FileProblem:
    if setting not in read.keys:
        return read.problem(("project", setting), "is missing")
    deepest = max(details, key=lambda detail: len(detail["loc"]))
    alike = [detail for detail in details if len(detail["loc"]) == len(deepest["loc"])]
    path: KeyPath = read.keys[setting]
    value: Any = read.values[setting]
    inner: Sequence[Any] = deepest["loc"][deepest["loc"].index(setting) + 1 :]
    for part in inner:
        # What is neither a name nor a number here is pydantic's label of one of several allowed types.
        if isinstance(value, dict if isinstance(part, str) else list):
            path, value = (*path, part), value[part]
    return read.problem(path, in_plain_words(alike, value))


def _problem(document: TomlDocument, path: KeyPath, message: str) -> FileProblem:
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    return _at(document.position(path), key, message)


def _at(position: Position, key: str, message: str) -> FileProblem:
    return FileProblem(position.line, position.column, key, message)


def _in_order(problems: list[FileProblem]) -> list[FileProblem]:
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def _to_json(values: Mapping[str, Any]) -> str:
    # Dates are no value of any setting: an empty table is as wrong as they are, everywhere.
    return json.dumps(values, default=lambda _: {})
