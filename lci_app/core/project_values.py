"""What a field of a project may hold: each check raises ValueError with one clear clause, or returns the sane form."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from lci_app.core import path_filter, substitution
from lci_app.core.repositories import address
from lci_app.core.secrets import MAX_SECRETS, name_problem

NAME_PATTERN: Final = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_OWNER_AND_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")
_SCP_LIKE: Final = re.compile(r"[\w.-]+@[\w.-]+:(?!//).+")
_URL_SCHEMES: Final = ("https://", "http://", "ssh://", "file://")
_MEMORY: Final = re.compile(r"([1-9]\d{0,11})([bkmg]?)", re.IGNORECASE)
_MEMORY_UNITS: Final = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _sane_name(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name) or not re.search("[a-z]", name):
        raise ValueError("must be 1 to 63 lower-case letters, digits and inner hyphens, with at least one letter")
    return name


def _sane_repo(repo: str) -> str:
    if any(ord(c) < 33 or ord(c) == 127 for c in repo) or repo.startswith("-"):
        raise ValueError("must not hold spaces or control characters, nor begin with a hyphen")
    if _OWNER_AND_NAME.fullmatch(repo) or _SCP_LIKE.fullmatch(repo):
        return repo
    if repo.lower().startswith(_URL_SCHEMES) and address(repo) is not None:
        return repo
    raise ValueError("must be owner/name or an https://, http://, ssh://, git@host:path or file:// address")


def _sane_branch(branch: str) -> str:
    """git check-ref-format, as far as it keeps a name from meaning something else."""
    bad = branch.startswith(("-", "/", ".")) or branch.endswith(("/", ".", ".lock")) or ".." in branch or "@{" in branch
    if not branch or bad or any(c in branch for c in " ~^:?*[\\") or any(ord(c) < 33 or ord(c) == 127 for c in branch):
        raise ValueError("must be a git branch name")
    return branch


def _inner_path(path: str) -> str:
    stripped = path.strip("/")
    if (
        path.startswith("/")
        or "\\" in path
        or "\0" in path
        or any(part in {"..", ".git"} for part in stripped.split("/"))
    ):
        raise ValueError("must be a folder inside the repository, such as services/api")
    return "/".join(part for part in stripped.split("/") if part not in {"", "."})


def _script_path(path: str) -> str:
    if "{" in path:
        raise ValueError("must not hold {…}: parameters are not supported yet")
    inner = _inner_path(path)
    if not inner:
        raise ValueError("must name a file, such as ci/build.sh")
    return inner


def _absolute_path(path: str) -> str:
    if not path.startswith("/") or path == "/" or ".." in path.split("/") or ":" in path or "\0" in path:
        raise ValueError("must be an absolute path in the container, such as /app")
    return path


def _sane_memory(text: str) -> str:
    if memory_bytes(text) < 6 * 1024**2:  # the engine refuses less
        raise ValueError("must be at least 6m")
    return text


def memory_bytes(text: str) -> int:
    """Return the bytes that `512m`, `2g` or a bare number mean; ValueError for anything else."""
    match = _MEMORY.fullmatch(text)
    if match is None:
        raise ValueError("must be a number with b, k, m or g, such as 512m")
    return int(match[1]) * _MEMORY_UNITS[match[2].lower()]


def _sane_environment(environment: dict[str, str]) -> dict[str, str]:
    for name, value in environment.items():
        if not _ENV_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an environment variable")
        if "\0" in value:
            raise ValueError(f"the value of {name} must not hold a NUL")
    return environment


def _health_path(path: str) -> str:
    if path and (not path.startswith("/") or any(ord(c) < 33 or ord(c) == 127 for c in path)):
        raise ValueError("must begin with / (or be empty: then the container only has to stay up)")
    return path


def _status_range(text: str) -> str:
    status_ranges(text)
    return text


def status_ranges(text: str) -> list[tuple[int, int]]:
    """Return the inclusive ranges that `200-399,401` means; ValueError for anything else."""
    ranges = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise ValueError("must be statuses or ranges of them, such as 200-399 or 200,401")
        ranges.append((int(low), int(high) if dash else int(low)))
    if any(not 100 <= low <= high <= 599 for low, high in ranges):
        raise ValueError("must lie within 100-599, the smaller number first")
    return ranges


def _secret_name(name: str) -> str:
    if (problem := name_problem(name)) is not None:
        raise ValueError(problem)
    return name


Name = Annotated[str, AfterValidator(_sane_name)]
Repository = Annotated[str, Field(min_length=1, max_length=2048), AfterValidator(_sane_repo)]
Branch = Annotated[str, Field(max_length=255), AfterValidator(_sane_branch)]
PathFilter = Annotated[str, Field(max_length=64 * 1024), AfterValidator(path_filter.sane)]
InnerPath = Annotated[str, Field(max_length=1024), AfterValidator(_inner_path)]
ScriptPath = Annotated[str, Field(max_length=1024), AfterValidator(_script_path)]
AbsolutePath = Annotated[str, Field(max_length=1024), AfterValidator(_absolute_path)]
HealthPath = Annotated[str, Field(max_length=2048), AfterValidator(_health_path)]
StatusRanges = Annotated[str, Field(max_length=200), AfterValidator(_status_range)]


Memory = Annotated[str, AfterValidator(_sane_memory)]
Cpus = Annotated[float, Field(gt=0, le=1024)]
Seconds = Annotated[float, Field(ge=0, le=7 * 24 * 3600, allow_inf_nan=False)]
_Checked = AfterValidator(substitution.checked)
Image = Annotated[str, Field(max_length=512), _Checked]
Environment = Annotated[dict[str, Annotated[str, _Checked]], AfterValidator(_sane_environment)]
QueueKey = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(substitution.checked_queue_key)]
SecretNames = Annotated[tuple[Annotated[str, AfterValidator(_secret_name)], ...], Field(max_length=MAX_SECRETS)]
Text = Annotated[str, Field(max_length=64 * 1024)]
