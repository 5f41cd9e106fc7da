"""Commands on projects: `project add|update|list|show|rm`, `status`, `switch`, `maintenance`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from lci_app.cli.client import Client, segment
from lci_app.cli.exits import CommandError, Exit, UsageError
from lci_app.cli.screen import Screen, age, duration, plain, short
from lci_app.cli.secret_input import text_of
from lci_app.cli.session import connected


def add(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    body = _body(arguments)
    with connected(arguments) as client:
        project = client.post("/api/projects", body)
    if arguments.json:
        screen.data(project)
        return Exit.DONE
    screen.say(f"project {project['name']} is registered (id {project['id']})")
    screen.note(f"  webhook  {project['webhook_url']}  (its secret: `lci webhook-secret`)")
    screen.note(f"  service  {project['public_url']}  (after its first build: `lci trigger {project['name']}`)")
    return Exit.DONE


def update(arguments: argparse.Namespace) -> Exit:
    """Change the project that the file names; what the file does not say stays as it is."""
    screen = Screen.of(arguments)
    body = _body(arguments)
    with connected(arguments) as client:
        project = client.put(f"/api/projects/{segment(body['name'])}", body)
    if arguments.json:
        screen.data(project)
    else:
        screen.say(f"project {project['name']} is as its file says, from its next build on")
    return Exit.DONE


def list_projects(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.get("/api/projects", limit=arguments.limit)
        if arguments.json:
            screen.data(answer)
            return Exit.DONE
        headings = ("ID", "NAME", "LIVE", "LAST BUILD", "STATUS", "AGE", "BRANCH", "REPOSITORY")
        screen.table(headings, [_row(client, project) for project in answer["projects"]])
        if answer["total"] > len(answer["projects"]):
            screen.note(f"{len(answer['projects'])} of {answer['total']}; --limit shows more")
    return Exit.DONE


def show(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        project = client.get(f"/api/projects/{segment(arguments.project)}")
    if arguments.json:
        screen.data(project)
        return Exit.DONE
    width = max(map(len, project))
    for name, value in project.items():
        if not isinstance(value, dict) or name.endswith("_env"):
            screen.say(f"{name:{width}}  {_shown(value)}")
    return Exit.DONE


def remove(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        if sys.stdin.isatty() and not arguments.yes:
            _confirm(client.get(f"/api/projects/{segment(arguments.project)}"))
        answer = client.delete(f"/api/projects/{segment(arguments.project)}")
    if arguments.json:
        screen.data(answer)
    else:
        freed = answer["bytes_freed"] / 1e6
        screen.say(
            f"project {arguments.project} is removed: {answer['containers_removed']} containers, "
            f"{answer['builds_deleted']} builds, {freed:.1f} MB"
        )
    return Exit.DONE


def status(arguments: argparse.Namespace) -> Exit:
    if arguments.project is None:
        return list_projects(arguments)
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.get(f"/api/projects/{segment(arguments.project)}/status")
    if arguments.json:
        screen.data(answer)
        return Exit.DONE
    active = answer["active_slot"]
    if active is None:
        screen.say("nothing is deployed yet")
    else:
        screen.say(f"live on {active}  {answer['public_url']}")
    if answer["maintenance"] is not None:
        screen.say(f"visitors are answered 503 (`lci maintenance {arguments.project} off` serves them again)")
    headings = ("SLOT", "STATUS", "HEALTH", "BUILD", "COMMIT", "PORT", "UP", "CONTAINER")
    screen.table(headings, [_slot_row(slot, answer[slot.lower()], active) for slot in ("Blue", "Green")])
    return Exit.DONE


def switch(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    slot = arguments.slot.capitalize()
    with connected(arguments) as client:
        answer = client.post(f"/api/projects/{segment(arguments.project)}/switch", {"target_slot": slot})
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"{arguments.project} is live on {slot}")
    return Exit.DONE


def maintenance(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    enabled = arguments.state == "on"
    if arguments.message and not enabled:
        raise UsageError("--message goes with `on`: with `off` visitors are served")
    body = {"enabled": enabled, "message": arguments.message}
    with connected(arguments) as client:
        answer = client.post(f"/api/projects/{segment(arguments.project)}/maintenance", body)
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"visitors of {arguments.project} are {'answered 503' if enabled else 'served again'}")
    return Exit.DONE


def auto_deploy(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    enabled = arguments.state == "on"
    with connected(arguments) as client:
        answer = client.post(f"/api/projects/{segment(arguments.project)}/auto-deploy", {"enabled": enabled})
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"pushes of {arguments.project} are {'deployed' if enabled else 'built and verified, not deployed'}")
    return Exit.DONE


def _body(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the API takes of a project file and of the secrets beside it. Raises UsageError."""
    from lci_app.cli.files import registration  # noqa: PLC0415 - checking a file takes pydantic

    return registration(Path(arguments.file)) | _secrets(arguments)


def _secrets(arguments: argparse.Namespace) -> dict[str, str]:
    """Read what a project file must not hold: each from a file of its own, so that no process list shows it."""
    secrets = {}
    for name in ("repo_token", "deploy_key", "webhook_secret"):
        if (path := getattr(arguments, f"{name}_file")) is not None:
            # ssh wants the end of its key's last line; the other two are one word.
            secrets[name] = text_of(path) if name == "deploy_key" else text_of(path).strip()
    return secrets


def _confirm(project: dict[str, Any]) -> None:
    name = project["name"]
    sys.stderr.write(f"Remove {name}, its running version, builds, logs and outputs? Type its name: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != name:
        raise CommandError(Exit.FAILED, "nothing was removed")


def _row(client: Client, project: dict[str, Any]) -> tuple[object, ...]:
    last = project.get("last_build") or {}
    return (
        project["id"],
        project["name"],
        project["active_slot"],
        f"#{last['build_number']} {short(last['commit_hash'])}".strip() if last else "",
        last.get("status"),
        age(last.get("queued_at"), client.now),
        project["branch"],
        project["repo"],
    )


def _slot_row(slot: str, state: dict[str, Any], active: str | None) -> tuple[object, ...]:
    number = state["build_number"]
    return (
        f"{slot} *" if slot == active else slot,
        state["status"],
        state["health"],
        "" if number is None else f"#{number}",
        short(state["commit_hash"]),
        state["port"],
        duration(state["uptime_seconds"]),
        (state["container_id"] or "")[:12],
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={plain(str(each))}" for name, each in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(plain(str(each)) for each in value) or "-"
    if value is None or value == "":
        return "-"
    return plain(str(value).lower() if isinstance(value, bool) else str(value))
