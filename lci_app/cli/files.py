"""Project files: read, checked, and told about as `FILE:LINE:COLUMN: sentence`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lci_app.cli.exits import Exit, UsageError
from lci_app.cli.screen import Screen
from lci_app.core.project import NewProject
from lci_app.core.project_file import FILE_NAME, FileProblem, parse_registration, parse_repository_file
from lci_app.core.project_file_schema import project_file_schema


def validate(arguments: argparse.Namespace) -> Exit:
    """Check a file as what its name says it is: `.lci.toml` lies in a repository, any other registers a project."""
    path = Path(arguments.file)
    use = arguments.use or ("repository" if path.name == FILE_NAME else "registration")
    text = _text(path)
    result = parse_repository_file(text) if use == "repository" else parse_registration(text)
    if isinstance(result, list):
        raise _wrong(path, result)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"file": str(path), "use": use, "valid": True})
    elif isinstance(result, NewProject):
        screen.say(f"{path} is right: `lci project add` registers {result.name} by it")
    else:
        screen.say(f"{path} is right: {len(result.values)} settings of the project are overridden")
    return Exit.DONE


def schema(_: argparse.Namespace) -> Exit:
    """Print what an editor needs to check and complete a project file."""
    print(json.dumps(project_file_schema(), indent=2))
    return Exit.DONE


def registration(path: Path) -> dict[str, Any]:
    """Return the body that registers the project of a file. Raises UsageError."""
    result = parse_registration(_text(path))
    if isinstance(result, list):
        raise _wrong(path, result)
    return registration_body(result)


def registration_body(project: NewProject) -> dict[str, Any]:
    """Return what the API takes: the fields that were given, side by side."""
    given = project.model_dump(mode="json", exclude_unset=True)
    return {"name": given["name"], **given["settings"]}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} must be UTF-8 text: byte {error.start + 1} is not") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _wrong(path: Path, problems: Sequence[FileProblem]) -> UsageError:
    told = "\n".join(f"{path}, {problem}" for problem in problems)
    details = [
        {"line": each.line, "column": each.column, "key": each.key, "message": each.message} for each in problems
    ]
    return UsageError(told, details={"file": str(path), "problems": details})
