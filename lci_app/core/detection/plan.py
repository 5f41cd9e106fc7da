"""The proposed plan: what the repository's own file says, else what its files are taken for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from lci_app.core.detection import compiled, node, python
from lci_app.core.detection.common import served_by_nginx
from lci_app.core.detection.tree import Finding, Tree, is_foreign
from lci_app.core.project_file import FILE_NAME, FilePart, parse_repository_file
from lci_app.core.project_file_keys import KEYS
from lci_app.core.toml_positions import TomlDocument, read_toml

# In the order in which a form asks for them.
FIELDS: Final = (
    "path_filter",
    "build_image",
    "build_command",
    "cache_type",
    "runtime_image",
    "runtime_command",
    "runtime_port",
    "mount_path",
    "health_check_url",
)
_MAX_DIRECTORIES: Final = 50
_MAX_DIRECTORY_DEPTH: Final = 4
_MARKS: Final = frozenset(
    {FILE_NAME, "package.json", "manage.py", "requirements.txt", "pyproject.toml", "go.mod", "Cargo.toml", "pom.xml"}
    | {"build.gradle", "build.gradle.kts", "Dockerfile", "index.html"}
)


@dataclass(frozen=True, slots=True)
class Detected:
    """The plan, in the order of FIELDS, and sentences on what is there but not used."""

    plan: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


def plan_of(tree: Tree, folder: str = "") -> Detected:
    """Return what is proposed for the project in `folder` of a repository. Never raises, whatever the files hold."""
    own = tree.below(folder)
    found = {finding.field: finding for finding in _detected(own)}
    if folder:
        reason = f"What changes outside {folder} is not of this project."
        found["path_filter"] = Finding("path_filter", f"{folder}/**", reason)
    given, notes = _given(own)
    found |= given
    if "Dockerfile" in own.files:
        notes.append(
            f"{own.at('Dockerfile')} is not used: lci does not build images yet. "
            "It runs the build command in the build image, and what that puts into /output in the runtime image."
        )
    if not found:
        notes.append("No file here says how it is built: fill in the images and commands yourself.")
    return Detected(tuple(found[name] for name in FIELDS if name in found), tuple(notes))


def directories_of(files: Iterable[str]) -> list[str]:
    """Return the folders that look like projects of their own, those nearest to the top first; the top itself is ''."""
    found = {path.rpartition("/")[0] for path in files if path.rpartition("/")[2] in _MARKS and not is_foreign(path)}
    near = sorted(
        (folder for folder in found if folder.count("/") < _MAX_DIRECTORY_DEPTH),
        key=lambda each: (each.count("/"), each),
    )
    return near[:_MAX_DIRECTORIES]


def _detected(tree: Tree) -> list[Finding]:
    kinds: tuple[Callable[[Tree], list[Finding] | None], ...] = (
        python.detect_django,
        compiled.detect_go,
        compiled.detect_rust,
        compiled.detect_maven,
        compiled.detect_gradle,
        node.detect,
        python.detect,
        _static,
    )
    return next((found for kind in kinds if (found := kind(tree)) is not None), [])


def _static(tree: Tree) -> list[Finding] | None:
    page = tree.first(("index.html", "public/index.html"))
    if page is None:
        return None
    # At the top, hidden files are not for visitors.
    files = "public/." if page.startswith("public/") else "*"
    where = tree.at(page)
    return [
        Finding("build_image", "alpine:3", f"{where} needs no building, only copying."),
        Finding("build_command", f"cp -r {files} /output/", f"{where} is the front page."),
        *served_by_nginx(f"{where} is a page as it is"),
    ]


def _given(tree: Tree) -> tuple[dict[str, Finding], list[str]]:
    """Return what the repository's own project file says, by field, and what is wrong with it."""
    if FILE_NAME not in tree.files:
        return {}, []
    text = tree.text(FILE_NAME)
    part, document = parse_repository_file(text), read_toml(text)
    if not isinstance(part, FilePart) or not isinstance(document, TomlDocument):
        problems = "; ".join(str(problem) for problem in part) if isinstance(part, list) else "it is not TOML"
        return {}, [f"{tree.at(FILE_NAME)} cannot be used: {problems}."]
    values, lines = {**part.values}, _lines(document)
    if scripts := values.get("build_script"):
        # A form asks for a command; the script runs whatever that is.
        values["build_command"], lines["build_command"] = f"sh {scripts[0]}", lines["build_script"]
    given = {
        name: Finding(name, _plain(value), f"{tree.at(FILE_NAME)} line {lines[name]} says so, and wins in every build.")
        for name, value in values.items()
        if name in FIELDS
    }
    return given, []


def _lines(document: TomlDocument) -> dict[str, int]:
    return {
        setting: document.position((table, key)).line
        for table, keys in KEYS.items()
        for key, setting in keys.items()
        if isinstance(content := document.values.get(table), dict) and key in content
    }


def _plain(value: Any) -> str | int | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(str(each) for each in value)
    return value if isinstance(value, int) else str(value)
