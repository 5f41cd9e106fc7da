"""Which service a command talks to, and as whom: option, else environment, else saved profile, else the local one."""

from __future__ import annotations

import argparse
import os
from typing import Final

from lci_app.cli import profile
from lci_app.cli.client import Client, Service
from lci_app.cli.exits import CommandError
from lci_app.config.model import ConfigError
from lci_app.config.surroundings import client_environment, load_config
from lci_app.core import names

DEFAULT_URL: Final = "http://127.0.0.1:3000"


def connected(arguments: argparse.Namespace) -> Client:
    """Return a client of the service that the arguments and the surroundings name; nothing is sent yet."""
    return Client(service_of(arguments), _how_to_sign_in)


def service_of(arguments: argparse.Namespace) -> Service:
    """Return where and as whom. A saved token goes to no other address than the one it was saved for."""
    surroundings = client_environment()
    url, token = arguments.url or surroundings.url, arguments.token or surroundings.token
    saved = profile.load(surroundings.config_dir) if url is None or token is None else None
    service = Service.at(url or (saved.url if saved else DEFAULT_URL), token)
    if token is None and saved is not None and Service.at(saved.url, None) == service:
        return Service.at(saved.url, saved.token)
    return service


def _how_to_sign_in() -> str:
    give = "give it as LCI_TOKEN or by --token, or save it with `lci login`"
    try:
        directory = load_config({}).data_dir
    except (ConfigError, CommandError):
        directory = None
    if directory is not None and os.access(directory / names.DATABASE, os.R_OK | os.W_OK):
        return f"make a token with `lci token create --name NAME`, and {give}"
    return f"ask for a token (on the server: `lci token create --name NAME`), and {give}"
