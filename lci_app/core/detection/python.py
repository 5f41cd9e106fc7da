"""Python: Django, Flask, FastAPI, and others by what starts them."""

from __future__ import annotations

import re
from typing import Final

from lci_app.core.detection.common import health, in_app, port, procfile, version
from lci_app.core.detection.tree import Finding, Tree

_PACKAGES: Final = ".packages"
_DECLARED: Final = ("requirements.txt", "pyproject.toml", "Pipfile")
_RUN: Final = f"cd /app && PYTHONPATH=/app/{_PACKAGES} python -m "
_FRAMEWORKS: Final = (("fastapi", r"(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*FastAPI\("), ("flask", r"(?m)^(\w+)\s*=\s*Flask\("))


def detect_django(tree: Tree) -> list[Finding] | None:
    """Return the plan of a folder with Django's manage.py, None for others."""
    if "manage.py" not in tree.files or "django" not in tree.text("manage.py").lower():
        return None
    where = tree.at("manage.py", "DJANGO_SETTINGS_MODULE")
    found = tree.search(r"DJANGO_SETTINGS_MODULE['\"],\s*['\"]([\w.]+)\.settings", ("manage.py",))
    module = found[1][1] if found else next((path[:-8] for path in tree.named(r"\w+/wsgi\.py")), "project")
    if _asks_for(tree, "gunicorn"):
        start = Finding(
            "runtime_command",
            f"{_RUN}gunicorn -b 0.0.0.0:8000 {module}.wsgi",
            f"{where} names the project, {_said(tree, 'gunicorn')} the server.",
        )
    else:
        start = Finding(
            "runtime_command",
            f"{_RUN}django runserver --noreload 0.0.0.0:8000 --settings {module}.settings",
            f"{where} names the project. No requirement names gunicorn, so Django's own server starts it.",
        )
    return [
        *_installed(tree, f"{where} makes it a Django project"),
        *_served(tree, start, 8000, "Both servers are told to listen on 8000."),
    ]


def detect(tree: Tree) -> list[Finding] | None:
    """Return the plan of any other folder that declares Python packages or has a file that makes an application."""
    code = tree.named(r"(?:[\w-]+/){0,3}(?:app|main|wsgi|asgi|server|application|__init__)\.py")
    for framework, pattern in _FRAMEWORKS:
        found = tree.search(pattern, code)
        if found is not None:
            path, match = found
            where = tree.at(path, match[0])
            start = _started(tree, framework, f"{path[:-3].replace('/', '.')}:{match[1]}", where)
            image = _installed(tree, f"{where} makes it a {'FastAPI' if framework == 'fastapi' else 'Flask'} project")
            return [*image, *_served(tree, start, 8000, "The server is told to listen on 8000.", code)]
    declared = tree.first(_DECLARED)
    if declared is None:
        return None
    entry = tree.first(("main.py", "app.py", "server.py"))
    if entry is not None:
        command = f"cd /app && PYTHONPATH=/app/{_PACKAGES} python {entry}"
        start = Finding("runtime_command", command, f"{tree.at(entry)} looks like what starts it.")
    else:
        start = Finding("runtime_command", "", f"{tree.at(declared)} is there, but no file that starts it was found.")
    return [
        *_installed(tree, f"{tree.at(declared)} makes it a Python project"),
        *_served(tree, start, 8000, "No port was found; 8000 is usual.", code),
    ]


def _installed(tree: Tree, why: str) -> list[Finding]:
    number, because = version(
        tree,
        (
            (".python-version", r"(3\.\d+)"),
            ("pyproject.toml", r"(?m)^(?:requires-python|python)\s*=\s*\"[^\"\d]*(3\.\d+)"),
        ),
        "3.12",
    )
    image = f"python:{number}-slim"
    lines, reason = _install(tree)
    return [
        Finding("build_image", image, f"{why}; {because}."),
        Finding("build_command", "\n".join([*lines, "cp -r . /output/"]), reason),
        Finding("cache_type", "pip", "pip keeps what it fetched."),
        Finding("runtime_image", image, "Packages are made for the Python that installed them."),
    ]


def _install(tree: Tree) -> tuple[list[str], str]:
    target = f"pip install --target {_PACKAGES}"
    if "requirements.txt" in tree.files:
        return [f"{target} -r requirements.txt"], f"{tree.at('requirements.txt')} lists the packages."
    if "poetry.lock" in tree.files:
        lines = ["pip install poetry poetry-plugin-export", "poetry export -o /tmp/requirements.txt"]
        return [*lines, f"{target} -r /tmp/requirements.txt"], f"{tree.at('poetry.lock')} lists the packages."
    if "uv.lock" in tree.files:
        lines = ["pip install uv", "uv export --no-dev --no-emit-project -o /tmp/requirements.txt"]
        return [*lines, f"{target} -r /tmp/requirements.txt"], f"{tree.at('uv.lock')} lists the packages."
    if "Pipfile" in tree.files:
        lines = ["pip install pipenv", "pipenv requirements > /tmp/requirements.txt"]
        return [*lines, f"{target} -r /tmp/requirements.txt"], f"{tree.at('Pipfile')} lists the packages."
    if "pyproject.toml" in tree.files:
        return [f"{target} ."], f"{tree.at('pyproject.toml')} lists the packages."
    return [], "No file lists packages to install."


def _started(tree: Tree, framework: str, application: str, where: str) -> Finding:
    if (given := procfile(tree)) is not None:
        command = given.value if isinstance(given.value, str) else ""
        return Finding(
            "runtime_command",
            command.replace(
                "cd /app && ", f"cd /app && export PATH=/app/{_PACKAGES}/bin:$PATH PYTHONPATH=/app/{_PACKAGES} && ", 1
            ),
            given.reason,
        )
    if framework == "fastapi":
        command = f"{_RUN}uvicorn {application} --host 0.0.0.0 --port 8000"
        return Finding("runtime_command", command, f"{where} makes the application, which uvicorn serves.")
    if _asks_for(tree, "gunicorn"):
        command = f"{_RUN}gunicorn -b 0.0.0.0:8000 {application}"
        return Finding(
            "runtime_command", command, f"{where} makes the application, {_said(tree, 'gunicorn')} the server."
        )
    command = f"{_RUN}flask --app {application} run --host 0.0.0.0 --port 8000"
    return Finding(
        "runtime_command",
        command,
        f"{where} makes the application. No requirement names gunicorn, so Flask's own server starts it.",
    )


def _served(tree: Tree, start: Finding, default: int, why: str, code: list[str] | None = None) -> list[Finding]:
    told = re.search(r"(?:--port |0\.0\.0\.0:)(\d+)", str(start.value))
    listens = r"\bport\s*=\s*(\d{2,5})\b" if told is None else r"(?!)()"
    where = Finding("runtime_port", int(told[1]), why) if told else port(tree, listens, code or [], default, why)
    return [start, where, in_app(), health(tree, [*(code or []), *tree.named(r"(?:\w+/)?urls\.py")])]


def _asks_for(tree: Tree, package: str) -> bool:
    return tree.search(rf"(?im)^[\s\"']*{package}\b", _DECLARED) is not None


def _said(tree: Tree, package: str) -> str:
    found = tree.search(rf"(?im)^[\s\"']*{package}\b", _DECLARED)
    return tree.at(found[0], package) if found else package
