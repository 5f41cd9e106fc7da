from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lci_app.cli.commands import build_parser, implementation
from lci_app.cli.parser import Parser
from lci_app.config.options import OPTIONS
from tests.cli.program import Program

EVERYWHERE = {"-h", "--help", "--version", "--json", "--url", "--token"}


def leaves(parser: Parser, name: str = "lci") -> Iterator[tuple[str, Parser]]:
    if not parser.commands:
        yield name, parser
    for word, command in parser.commands.items():
        yield from leaves(command, f"{name} {word}")


COMMANDS = dict(leaves(build_parser()))


def documented() -> dict[str, str]:
    """The sections of the documentation, by their headings."""
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))


def test_the_documentation_has_a_section_for_each_command_and_none_for_others():
    sections = {heading for heading in documented() if heading.startswith("lci ")}
    assert sections == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_section_names_its_options_and_no_others(name: str):
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", documented()[name]))
    own = set(COMMANDS[name].flags) - EVERYWHERE
    assert own <= named
    assert named <= own | EVERYWHERE


def test_the_documentation_names_each_options_variable_and_key():
    section = documented()["lci serve"]
    for option in OPTIONS:
        assert f"| `{option.flag}` | `{option.variable}` | `{option.name}` |" in section


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_something_to_run_takes_json_and_tells_its_help(name: str, capsys: pytest.CaptureFixture[str]):
    command = COMMANDS[name]
    if name != "lci serve":  # which imports the whole service
        assert callable(implementation(command.get_default("run")))
        assert "--json" in command.flags
    with pytest.raises(SystemExit) as left:
        build_parser().parse_args([*name.split()[1:], "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert all(flag in told for flag in command.flags)


def test_help_and_version_work_as_a_program(lci: Program):
    assert lci.run("--help").out.startswith("usage: lci")
    assert lci.run("--version").out == lci.run("version").out
    assert lci.run("serve", "--help").status == 0
