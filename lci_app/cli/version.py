"""`lci version`."""

from __future__ import annotations

import argparse

from lci_app import __version__
from lci_app.cli.exits import Exit
from lci_app.cli.screen import Screen


def version(arguments: argparse.Namespace) -> Exit:
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"version": __version__})
    else:
        screen.say(f"lci {__version__}")
    return Exit.DONE
