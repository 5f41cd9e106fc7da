"""argparse, with errors in one sentence that names what was probably meant."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from lci_app.cli.exits import UsageError


class Parser(argparse.ArgumentParser):
    """A parser of one command, or of a family of commands (`add_command`). Raises UsageError instead of exiting."""

    def __init__(self, **settings: Any) -> None:
        self.flags: list[str] = []
        self.commands: dict[str, Parser] = {}
        self._family: Any = None
        super().__init__(allow_abbrev=False, **settings)

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        self.flags += [name for name in names if name.startswith("-")]
        return super().add_argument(*names, **settings)

    def add_command(self, name: str, *, help: str, description: str = "") -> Parser:  # noqa: A002 - argparse's word
        if self._family is None:
            self._family = self.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
        parser: Parser = self._family.add_parser(name, help=help, description=description or _sentence(help))
        self.commands[name] = parser
        return parser

    def parse_known_args(  # type: ignore[override]  # argparse declares overloads for namespaces we do not use
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """First look for misspelt options and commands: argparse would complain about what they leave missing."""
        given = list(args or [])
        self._check_flags(given)
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def _check_flags(self, given: list[str]) -> None:
        for argument in given:
            if argument == "--":
                return
            if self.commands and not argument.startswith("-"):
                if argument not in self.commands:
                    raise UsageError(f"there is no command {self._shown(argument)}{_meant(argument, self.commands)}")
                return
            flag = argument.partition("=")[0]
            if flag.startswith("--") and flag not in self.flags:
                raise UsageError(f"`{self.prog}` has no option {flag}{_meant(flag, self.flags)}")

    def _shown(self, command: str) -> str:
        return " ".join([*self.prog.split()[1:], command])


def _meant(given: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
