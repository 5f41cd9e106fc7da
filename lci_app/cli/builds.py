"""Commands on builds: `trigger`, `builds`, `approve`, `cancel`, `rollback`."""

from __future__ import annotations

import argparse
from typing import Any

from lci_app.cli.client import Client, segment
from lci_app.cli.exits import Exit, UsageError
from lci_app.cli.logs import find_build, follow_to_the_end, is_id
from lci_app.cli.screen import Screen, age, duration, short
from lci_app.cli.session import connected


def trigger(arguments: argparse.Namespace) -> Exit:
    body = {
        "commit_hash": arguments.commit,
        "branch": arguments.branch,
        "parameters": _parameters(arguments.param) or None,
    }
    with connected(arguments) as client:
        queued = client.post(
            f"/api/projects/{segment(arguments.project)}/builds",
            {name: value for name, value in body.items() if value is not None},
        )
        return _started(client, queued, arguments)


def rollback(arguments: argparse.Namespace) -> Exit:
    with connected(arguments) as client:
        body = {} if arguments.build is None else {"build_id": arguments.build}
        queued = client.post(f"/api/projects/{segment(arguments.project)}/rollback", body)
        again = f"`lci auto-deploy {arguments.project} on`"
        Screen.of(arguments).note(f"pushes are now built but not deployed, until {again}")
        return _started(client, queued, arguments)


def builds(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        path = f"/api/projects/{segment(arguments.project)}/builds" if arguments.project else "/api/builds"
        status = arguments.status.capitalize() if arguments.status else None
        answer = client.get(path, status=status, limit=arguments.limit)
        if arguments.json:
            screen.data(answer)
            return Exit.DONE
        headings = ("BUILD", "PROJECT", "#", "STATUS", "TRIGGER", "BRANCH", "COMMIT", "AGE", "TOOK", "MESSAGE")
        screen.table(headings, [_row(client, build) for build in answer["builds"]])
        if answer["total"] > len(answer["builds"]):
            screen.note(f"{len(answer['builds'])} of {answer['total']}; --limit shows more")
    return Exit.DONE


def cancel(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        build_id = arguments.build if is_id(arguments.build) else find_build(client, arguments.build)["id"]
        answer = client.post(f"/api/builds/{build_id}/cancel")
        if arguments.json:
            screen.data(answer)
        else:
            ended = answer["status"] == "Cancelled"
            screen.say(f"build {build_id} is cancelled" if ended else f"build {build_id} is being cancelled")
    return Exit.DONE


def approve(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    body = {} if arguments.commit is None else {"commit_hash": arguments.commit}
    with connected(arguments) as client:
        answer = client.post(f"/api/builds/{arguments.build}/approve", body)
        if arguments.json:
            screen.data(answer)
        else:
            screen.say(f"commit {answer['commit_hash']} is approved: build {answer['id']} runs when its turn comes")
    return Exit.DONE


def _started(client: Client, queued: dict[str, Any], arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    if arguments.json and not arguments.follow:
        screen.data(queued)
        return Exit.DONE
    build_id = queued["build_id"]
    place = queued.get("queue_position") or 0
    behind = f", {place - 1} before it" if place > 1 else ""
    if not arguments.follow:
        screen.say(f"build {build_id} is queued{behind}; `lci logs {build_id} -f` follows it")
        return Exit.DONE
    screen.note(f"build {build_id} is queued{behind}")
    return follow_to_the_end(client, screen, {"id": build_id}, timeout=arguments.timeout)


def _parameters(given: list[str]) -> dict[str, str]:
    parameters = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not name:
            raise UsageError(f"--param must be NAME=VALUE, not {each!r}")
        parameters[name] = value
    return parameters


def _row(client: Client, build: dict[str, Any]) -> tuple[object, ...]:
    return (
        build["id"],
        build["project_name"],
        build["build_number"],
        f"{build['status']} ({waits})" if (waits := build.get("waits_for")) else build["status"],
        build["trigger"],
        build["branch"],
        short(build["commit_hash"]),
        age(build["queued_at"], client.now),
        duration(build["duration_seconds"]),
        build["commit_message"],
    )
