"""`lci serve`: the configuration, the log, then the service until it is told to stop."""

from __future__ import annotations

import argparse

from lci_app.cli.exits import Exit
from lci_app.cli.logging_setup import set_up_logging
from lci_app.config.options import OPTIONS
from lci_app.config.surroundings import load_config


def serve(arguments: argparse.Namespace) -> Exit:
    given = {option.name: getattr(arguments, option.name) for option in OPTIONS}
    config = load_config({name: text for name, text in given.items() if text is not None})
    set_up_logging(config.log_level, config.log_format)
    from lci_app.cli.service import run_service  # noqa: PLC0415 - a wrong configuration is told before all that loads

    run_service(config, with_demo=arguments.demo)
    return Exit.DONE
