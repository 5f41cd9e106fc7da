"""Commands on logins to registries: `registry set|list|rm`. A password is never an argument, nor printed."""

from __future__ import annotations

import argparse

from lci_app.cli.client import segment
from lci_app.cli.exits import Exit, UsageError
from lci_app.cli.screen import Screen, age
from lci_app.cli.secret_input import secret_of
from lci_app.cli.session import connected
from lci_app.core.registries import host_problem, password_problem, username_problem

_PATH = "/api/registries"


def set_registry(arguments: argparse.Namespace) -> Exit:
    if (problem := host_problem(arguments.host)) is not None:
        raise UsageError(f"HOST {problem}")
    if (problem := username_problem(arguments.username)) is not None:
        raise UsageError(f"--username {problem}")
    password = secret_of(None, f"Password of {arguments.username} at {arguments.host}")
    if (problem := password_problem(password)) is not None:
        raise UsageError(f"the password for {arguments.host} {problem}")
    with connected(arguments) as client:
        body = {"username": arguments.username, "password": password}
        stored = client.put(f"{_PATH}/{segment(arguments.host)}", body)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data(stored)
    else:
        screen.say(f"{stored['username']}'s login to {stored['host']} is stored (fingerprint {stored['fingerprint']})")
        screen.note("  it counts from the next image that is pulled")
    return Exit.DONE


def list_registries(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.get(_PATH)
        if arguments.json:
            screen.data(answer)
            return Exit.DONE
        rows = [
            (each["host"], each["username"], each["fingerprint"], age(each["set_at"], client.now))
            for each in answer["registries"]
        ]
        screen.table(("REGISTRY", "USERNAME", "FINGERPRINT", "SET"), rows)
    return Exit.DONE


def remove(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    with connected(arguments) as client:
        answer = client.delete(f"{_PATH}/{segment(arguments.host)}")
    if arguments.json:
        screen.data(answer)
    else:
        screen.say(f"the login to {answer['host']} is removed")
    return Exit.DONE
