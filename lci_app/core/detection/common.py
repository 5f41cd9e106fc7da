"""What several kinds of projects have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lci_app.core.detection.tree import Finding, Tree

STATIC_ROOT: Final = "/usr/share/nginx/html"
_HEALTH: Final = re.compile(r"""["'`](/(?:api/)?(?:healthz?|health-?check|readyz?|livez?|ping|status))/?["'`]""")


def served_by_nginx(reason: str) -> list[Finding]:
    """Return how files without a program of their own are served."""
    return [
        Finding("runtime_image", "nginx:alpine", f"{reason}, so a web server is enough to serve it."),
        Finding("runtime_command", "", "The image starts its web server by itself."),
        Finding("runtime_port", 80, "nginx listens on port 80."),
        Finding("mount_path", STATIC_ROOT, "This is where nginx looks for files."),
        Finding("health_check_url", "/", "The front page answers when the site is served."),
    ]


def in_app() -> Finding:
    return Finding("mount_path", "/app", "The start command looks for the output there.")


def port(tree: Tree, code: str, paths: Iterable[str], default: int, why: str) -> Finding:
    """Return the port that the code (`code` has it as its group) or a Dockerfile names, else `default`."""
    for pattern, places in ((code, paths), (r"(?im)^EXPOSE\s+(\d{2,5})", ("Dockerfile",))):
        found = tree.search(pattern, places)
        if found is not None and 1 <= int(found[1][1]) <= 65535:
            path, match = found
            return Finding("runtime_port", int(match[1]), f"{tree.at(path, _line_of(match))} names it.")
    return Finding("runtime_port", default, why)


def health(tree: Tree, paths: Iterable[str]) -> Finding:
    """Return the path at which the program answers for its health, if its code names a usual one."""
    found = tree.search(_HEALTH.pattern, paths)
    if found is None:
        return Finding("health_check_url", "/", "No path for health checks was found; the front page is asked.")
    path, match = found
    return Finding("health_check_url", match[1], f"{tree.at(path, match[0])} answers at it.")


def procfile(tree: Tree) -> Finding | None:
    """Return the start command of a Procfile, run where the output lies."""
    found = tree.search(r"(?m)^web:[ \t]*(\S.*)$", ("Procfile",))
    if found is None:
        return None
    return Finding("runtime_command", f"cd /app && {found[1][1].strip()}", f"{tree.at('Procfile', 'web:')} starts it.")


def version(tree: Tree, choices: Iterable[tuple[str, str]], default: str) -> tuple[str, str]:
    """Return the version that a file names (pairs of path and pattern), else `default`, and the reason as a clause."""
    for path, pattern in choices:
        found = tree.search(pattern, (path,))
        if found is not None:
            return found[1][1], f"{tree.at(path, _line_of(found[1]))} asks for it"
    return default, "no file asks for another version"


def _line_of(match: re.Match[str]) -> str:
    """Return the line of the text in which a match's first group stands."""
    text, start = match.string, match.start(1)
    end = text.find("\n", start)
    return text[text.rfind("\n", 0, start) + 1 : len(text) if end < 0 else end]
