"""`lci login`: a service's address and token, tried and then saved for later commands."""

from __future__ import annotations

import argparse
import getpass
import sys

from lci_app.cli import profile
from lci_app.cli.client import Client, Service
from lci_app.cli.exits import Exit, UsageError
from lci_app.cli.screen import Screen
from lci_app.cli.session import DEFAULT_URL
from lci_app.config.surroundings import client_environment


def login(arguments: argparse.Namespace) -> Exit:
    surroundings = client_environment()
    url = arguments.address or arguments.url or surroundings.url or DEFAULT_URL
    service = Service.at(url, arguments.token or surroundings.token or _asked())
    with Client(service) as client:
        client.get("/api/projects", limit=1)
    path = profile.save(surroundings.config_dir, profile.Profile(service.url, service.token or ""))
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"url": service.url, "profile": str(path)})
    else:
        screen.say(f"signed in at {service.url}; saved in {path}")
    return Exit.DONE


def _asked() -> str:
    """Ask on a terminal, without showing it; else take the first line of standard input."""
    token = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise UsageError("no token was given: use --token, LCI_TOKEN, or standard input")
    return token.strip()
