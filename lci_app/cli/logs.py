"""`lci logs`, and what it shares with every command that follows a build to its end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from lci_app.cli.client import Client, segment
from lci_app.cli.exits import CommandError, Exit
from lci_app.cli.screen import Screen, duration, plain, short
from lci_app.cli.session import connected
from lci_app.core.log_lines import WholeLines

_PAGE: Final = 5_000


def logs(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        build = find_build(client, arguments.build)
        first = _first_line(client, build, arguments)
        if arguments.follow:
            return follow_to_the_end(client, screen, build, first_line=first, timeout=arguments.timeout)
        if arguments.json:
            _print_document(client, build["id"], first)
            return Exit.DONE
        whole = WholeLines()
        for page in _pages(client, build["id"], first):
            for line in page["lines"]:
                kind, text = (line["stream"], line["stage"]), screen.log_text(line["text"])
                print(whole.add(kind, text, continued=line["continued"]), end="")
        print(whole.end(), end="")
        if not page["complete"]:
            screen.note(f"the build goes on: `lci logs {build['id']} -f` follows it")
    return Exit.DONE


def find_build(client: Client, given: str) -> dict[str, Any]:
    """Return the build with that id, or the newest one of the project with that name."""
    if is_id(given):
        build: dict[str, Any] = client.get(f"/api/builds/{given}")
        return build
    newest = client.get(f"/api/projects/{segment(given)}/builds", limit=1)["builds"]
    if not newest:
        raise CommandError(Exit.NOT_FOUND, f"the project {given} has no build yet: `lci trigger {given}` starts one")
    return find_build(client, str(newest[0]["id"]))


def is_id(given: str) -> bool:
    return given.isascii() and given.isdigit()


def follow_to_the_end(
    client: Client, screen: Screen, build: dict[str, Any], *, first_line: int = 1, timeout: float | None = None
) -> Exit:
    """Show a build's log until it has ended, then say how; returns DONE, BUILD_FAILED or TIMED_OUT."""
    import trio  # noqa: PLC0415 - a command that follows nothing starts without it

    from lci_app.cli.follow import Line, Viewer, follow  # noqa: PLC0415

    async def watch() -> bool:
        with trio.move_on_after(float("inf") if timeout is None else timeout):
            await follow(client.service, build["id"], Viewer(lines, event), first_line=first_line)
            return True
        return False

    whole = WholeLines()

    def lines(fresh: Sequence[Line], continued: Collection[int]) -> None:
        if screen.json:
            names = ("number", "timestamp", "stream", "text")
            texts = [json.dumps({"type": "log", **dict(zip(names, line, strict=True))}) + "\n" for line in fresh]
        else:
            texts = [whole.add(line[2], screen.log_text(line[3]), continued=line[0] in continued) for line in fresh]
        sys.stdout.write("".join(texts))
        sys.stdout.flush()

    def event(message: dict[str, Any]) -> None:
        if screen.json:
            screen.record(message)

    try:
        # Elsewhere an interrupt would meet whatever task runs: it came in a group then, or was lost in one that waits.
        if not trio.run(watch, restrict_keyboard_interrupt_to_checkpoints=True):
            raise CommandError(Exit.TIMED_OUT, f"build {build['id']} had not ended after {timeout:g} s; it goes on")
    except KeyboardInterrupt:
        screen.note(f"no longer following; the build goes on (`lci cancel {build['id']}` ends it)")
        raise
    return _tell_the_end(client, screen, client.get(f"/api/builds/{build['id']}"))


def _tell_the_end(client: Client, screen: Screen, build: dict[str, Any]) -> Exit:
    succeeded = build["status"] == "Success"
    if screen.json:
        screen.record({"type": "end", "build": build})
        return Exit.DONE if succeeded else Exit.BUILD_FAILED
    commit = f" of {short(build['commit_hash'])}" if build["commit_hash"] else ""
    head = f"build {build['id']} ({build['project_name']} #{build['build_number']}{commit})"
    after = f" after {duration(build['duration_seconds'])}" if build["duration_seconds"] is not None else ""
    if not succeeded:
        failure = build.get("failure") or {}
        why = f": {plain(failure['message'])}" if failure.get("message") else ""
        screen.note(f"{head}: {build['status']}{after}{why}")
        return Exit.BUILD_FAILED
    place = ""
    if build["deployed_slot"] is not None:
        url = client.get(f"/api/projects/{build['project_id']}")["public_url"]
        place = f", live on {build['deployed_slot']}: {url}"
    screen.note(f"{head}: Success{after}{place}")
    return Exit.DONE


def _first_line(client: Client, build: dict[str, Any], arguments: argparse.Namespace) -> int:
    if arguments.tail is None:
        first: int = arguments.first
        return first
    total: int = client.get(f"/api/builds/{build['id']}/logs", limit=1)["total"]
    tail: int = arguments.tail
    return max(1, total - tail + 1)


def _pages(client: Client, build_id: int, first: int) -> Iterator[dict[str, Any]]:
    """Yield the log from `first` as pages of the API; at least one, all of it at the moment of the last."""
    while True:
        page: dict[str, Any] = client.get(f"/api/builds/{build_id}/logs", **{"from": first, "limit": _PAGE})
        yield page
        if not page["lines"] or page["lines"][-1]["number"] >= page["total"]:
            return
        first = page["lines"][-1]["number"] + 1


def _print_document(client: Client, build_id: int, first: int) -> None:
    """Print the API's own shape as one document, without ever holding more than a page of it."""
    separator = '{"lines": ['
    for page in _pages(client, build_id, first):
        for line in page["lines"]:
            sys.stdout.write(f"{separator}\n  {json.dumps(line, ensure_ascii=False)}")
            separator = ","
    opening = separator if separator != "," else ""
    print(f'{opening}\n], "total": {page["total"]}, "complete": {json.dumps(page["complete"])}}}')
