"""`detect`: what a repository seems to be, as a project file."""

from __future__ import annotations

import argparse
from typing import Any

from lci_app.cli.exits import Exit
from lci_app.cli.screen import Screen, plain, short
from lci_app.cli.secret_input import text_of
from lci_app.cli.session import connected
from lci_app.core.project_file_text import project_file_text


def detect(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    body = {"repo": arguments.repo, "branch": arguments.branch, "working_directory": arguments.folder}
    if arguments.path_filter is not None:
        body["path_filter"] = arguments.path_filter
    if arguments.repo_token_file is not None:
        body["repo_token"] = text_of(arguments.repo_token_file).strip()
    with connected(arguments) as client:
        answer = client.post("/api/detect", body)
    if arguments.json:
        screen.data(answer)
        return Exit.DONE
    screen.say(project_file_text((each["field"], each["value"], plain(each["reason"])) for each in answer["plan"]))
    _tell_rest(screen, answer, arguments.folder)
    return Exit.DONE


def _tell_rest(screen: Screen, answer: dict[str, Any], folder: str) -> None:
    for note in answer["notes"]:
        screen.note(plain(note))
    others = [each for each in answer["directories"] if each and each != folder.strip("/")]
    if others:
        screen.note(f"folders that look like projects of their own (--folder): {plain(', '.join(others))}")
    built = [each for each in answer["commits"] if each["would_build"]]
    screen.note(f"of the last {len(answer['commits'])} commits {len(built)} would have been built")
    for each in answer["commits"]:
        mark = "+" if each["would_build"] else "-"
        screen.note(f"{mark} {short(each['hash'])}  {plain(each['message'])[:60]}  ({plain(each['reason'])})")
