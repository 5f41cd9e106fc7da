"""Commands on stored secrets: `secret set|list|rm|import|rotate-key`. A value is never an argument, nor printed."""

from __future__ import annotations

import argparse

from lci_app.cli.client import segment
from lci_app.cli.exits import Exit, UsageError
from lci_app.cli.screen import Screen, age
from lci_app.cli.secret_input import secret_of, text_of
from lci_app.cli.session import connected
from lci_app.core.dotenv import DotenvProblem, parse_dotenv
from lci_app.core.secrets import name_problem, value_problem


def set_secret(arguments: argparse.Namespace) -> Exit:
    if (problem := name_problem(arguments.name)) is not None:
        raise UsageError(f"NAME {problem}")
    value = secret_of(arguments.value_file, f"Value of {arguments.name}")
    if (problem := value_problem(value)) is not None:
        raise UsageError(f"the value of {arguments.name} {problem}")
    with connected(arguments) as client:
        stored = client.put(f"{_path(arguments)}/{segment(arguments.name)}", {"value": value})
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data(stored)
    else:
        screen.say(f"{stored['name']} is stored (fingerprint {stored['fingerprint']})")
        screen.note("  name it under `secrets` of [build] or [deploy]; it counts from the next build")
    return Exit.DONE


def list_secrets(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.get(_path(arguments))
        if arguments.json:
            screen.data(answer)
            return Exit.DONE
        rows = [(each["name"], each["fingerprint"], age(each["set_at"], client.now)) for each in answer["secrets"]]
        screen.table(("NAME", "FINGERPRINT", "SET"), rows)
    return Exit.DONE


def remove(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.delete(f"{_path(arguments)}/{segment(arguments.name)}")
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"{answer['name']} is removed")
    return Exit.DONE


def import_file(arguments: argparse.Namespace) -> Exit:
    values = parse_dotenv(text_of(arguments.file))
    if isinstance(values, DotenvProblem):
        raise UsageError(f"{arguments.file}, {values}")
    if not values:
        raise UsageError(f"{arguments.file} holds no NAME=value")
    for name, value in values.items():
        if (problem := name_problem(name) or value_problem(value)) is not None:
            raise UsageError(f"{arguments.file}: {name} {problem}")
    with connected(arguments) as client:
        answer = client.put(_path(arguments), {"values": values})
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"{answer['total']} secrets are stored: {', '.join(each['name'] for each in answer['secrets'])}")
    return Exit.DONE


def rotate_key(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.post("/api/secrets/rotate-key")
    if arguments.json:
        screen.data(answer)
    else:
        gone = "its old lines may be taken out now" if answer["key_is_given"] else "the old one is gone"
        screen.say(f"a new key seals {answer['resealed']} stored values; {gone}")
        screen.note("  a backup from before needs the key file of its time")
    return Exit.DONE


def _path(arguments: argparse.Namespace) -> str:
    return "/api/secrets" if arguments.project is None else f"/api/projects/{segment(arguments.project)}/secrets"
