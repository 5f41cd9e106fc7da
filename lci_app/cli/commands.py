"""The tree of commands. What a command runs is named as `module:function` of this package and imported only then."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from lci_app import __version__
from lci_app.cli.commands_accounts import add_accounts
from lci_app.cli.exits import Exit
from lci_app.cli.parser import Parser
from lci_app.config.options import OPTIONS


def build_parser() -> Parser:
    parser = Parser(
        prog="lci",
        description="A lightweight CI/CD server: a push is built, started beside the running version, switched live.",
        epilog="Exit status: 0 done, 1 failed, 2 wrong usage or configuration, 3 not found, 4 not allowed, 5 conflict, "
        "6 service unreachable, 7 timed out, 8 the build that was followed failed.",
    )
    parser.add_argument("--version", action="version", version=f"lci {__version__}")
    _add_serve(parser)
    _add_builds(parser)
    _add_projects(parser)
    _add_secrets(parser)
    _add_registries(parser)
    _add_data_directory(parser)
    _add_rest(parser)
    return parser


def implementation(run: str) -> Callable[[Any], Exit]:
    """Return the function that a command's `run` names; it takes the parsed arguments."""
    module, _, function = run.partition(":")
    found: Callable[[Any], Exit] = getattr(importlib.import_module(f"lci_app.cli.{module}"), function)
    return found


def _add_serve(parser: Parser) -> None:
    command = parser.add_command(
        "serve",
        help="run the service until it is told to stop",
        description="Run the service in the foreground until SIGINT or SIGTERM. Each option can also be a variable of "
        "the environment, or a key of lci.toml in the configuration directory; the option wins, then the variable.",
    )
    for option in OPTIONS:
        told = f"{option.help} (default: {option.default}; {option.variable})"
        command.add_argument(option.flag, dest=option.name, metavar=option.metavar, default=None, help=told)
    command.add_argument("--demo", action="store_true", help="also deploy a small bundled sample and print its address")
    command.set_defaults(run="serve:serve", json=False)


def _add_builds(parser: Parser) -> None:
    command = _client_command(parser, "trigger", "build a project now", "builds:trigger")
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("--commit", metavar="HASH", help="the commit to build (default: the branch's newest)")
    command.add_argument("--branch", metavar="NAME", help="another branch than the project's")
    command.add_argument("--param", metavar="NAME=VALUE", action="append", default=[], help="a parameter; repeatable")
    _add_follow(command, "--follow")

    command = _client_command(parser, "builds", "list builds, newest first", "builds:builds")
    command.add_argument("--project", metavar="PROJECT", help="only this project's (name or id)")
    command.add_argument("--status", metavar="STATUS", help="only those that are queued, building, failed …")
    command.add_argument("--limit", metavar="N", type=int, default=20, help="how many, at most 200 (default: 20)")

    command = _client_command(parser, "logs", "print a build's log", "logs:logs")
    command.add_argument("build", metavar="BUILD", help="a build's id, or a project's name for its newest build")
    _add_follow(command, "-f", "--follow")
    start = command.add_mutually_exclusive_group()
    command.flags += ["--from", "--tail"]
    start.add_argument("--from", dest="first", metavar="LINE", type=int, default=1, help="begin with this line")
    start.add_argument("--tail", metavar="N", type=int, help="only the last lines")

    command = _client_command(parser, "approve", "let the build of a fork's pull request run", "builds:approve")
    # A number only: what is newest may be newer than what was looked at.
    command.add_argument("build", metavar="BUILD", type=int, help="the build's id")
    command.add_argument("--commit", metavar="HASH", help="the commit that you looked at: no other one is approved")

    command = _client_command(parser, "cancel", "cancel a queued or running build", "builds:cancel")
    command.add_argument("build", metavar="BUILD", help="a build's id, or a project's name for its newest build")

    command = _client_command(parser, "rollback", "deploy an earlier build again, without building", "builds:rollback")
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("--build", metavar="ID", type=int, help="which build (default: the one before)")
    _add_follow(command, "--follow")


def _add_projects(parser: Parser) -> None:
    family = parser.add_command("project", help="register, change, list, show, remove projects")
    _add_project_file(_client_command(family, "add", "register a project by its file", "projects:add"))
    _add_project_file(_client_command(family, "update", "change a project as its file says", "projects:update"))
    command = _client_command(family, "list", "list the projects", "projects:list_projects")
    command.add_argument("--limit", metavar="N", type=int, default=200, help="how many, at most 200 (default: 200)")
    command = _client_command(family, "show", "show a project's settings", "projects:show")
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command = _client_command(family, "rm", "remove a project with all that is of it", "projects:remove")
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("--yes", action="store_true", help="do not ask (asked is only on a terminal)")

    command = _client_command(parser, "detect", "print the project file that a repository needs", "detection:detect")
    command.add_argument("repo", metavar="REPO", help="owner/name, or any address of a git repository")
    command.add_argument("--branch", metavar="NAME", default="main", help="which branch (default: main)")
    command.add_argument("--folder", metavar="PATH", default="", help="where the project lies in it (default: its top)")
    command.add_argument("--path-filter", metavar="FILTER", help="which commits are built (default: its folder's)")
    command.add_argument("--repo-token-file", metavar="FILE", help="holds the token that opens a private repository")

    command = _client_command(parser, "status", "show what of a project is live", "projects:status")
    command.add_argument("project", metavar="PROJECT", nargs="?", help="name or id (default: all projects)")
    command.set_defaults(limit=200)
    command = _client_command(parser, "switch", "send a project's traffic to its other slot", "projects:switch")
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("slot", metavar="SLOT", type=str.lower, choices=("blue", "green"), help="blue or green")
    command = _client_command(
        parser, "auto-deploy", "deploy pushes of a project, or only build them", "projects:auto_deploy"
    )
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("state", metavar="on|off", choices=("on", "off"), help="a rollback turns it off")
    command = _client_command(
        parser, "maintenance", "tell a project's visitors to come back later", "projects:maintenance"
    )
    command.add_argument("project", metavar="PROJECT", help="name or id")
    command.add_argument("state", metavar="on|off", choices=("on", "off"), help="on, or off to serve them again")
    command.add_argument("--message", metavar="TEXT", default="", help="what they read (default: a friendly sentence)")


def _add_project_file(command: Parser) -> None:
    command.add_argument("file", metavar="FILE.toml")
    command.add_argument("--repo-token-file", metavar="FILE", help="holds the token that opens a private repository")
    command.add_argument("--deploy-key-file", metavar="FILE", help="holds the private key that opens an ssh repository")
    command.add_argument("--webhook-secret-file", metavar="FILE", help="holds a webhook secret of the project's own")


def _add_secrets(parser: Parser) -> None:
    family = parser.add_command("secret", help="store, list, remove secrets of builds and services")
    command = _client_command(family, "set", "store a secret, read from standard input or a file", "secrets:set_secret")
    command.add_argument("name", metavar="NAME", help="the variable by which it is found")
    command.add_argument("--value-file", metavar="FILE", help="holds the value (default: standard input)")
    _add_owner(command)
    command = _client_command(family, "list", "list secrets, without their values", "secrets:list_secrets")
    _add_owner(command)
    command = _client_command(family, "rm", "remove a secret", "secrets:remove")
    command.add_argument("name", metavar="NAME")
    _add_owner(command)
    command = _client_command(family, "import", "store every variable of a .env file", "secrets:import_file")
    command.add_argument("file", metavar="FILE", help="the file; - is standard input")
    _add_owner(command)
    _client_command(family, "rotate-key", "seal all that is secret by a new key", "secrets:rotate_key")


def _add_registries(parser: Parser) -> None:
    family = parser.add_command("registry", help="store, list, remove logins to registries of images")
    command = _client_command(
        family, "set", "store a login, its password read from standard input", "registries:set_registry"
    )
    command.add_argument("host", metavar="HOST", help="as images name it: ghcr.io, registry.example:5000, docker.io")
    command.add_argument("--username", metavar="NAME", required=True, help="who logs in")
    _client_command(family, "list", "list logins, without their passwords", "registries:list_registries")
    command = _client_command(family, "rm", "remove a login", "registries:remove")
    command.add_argument("host", metavar="HOST")


def _add_owner(command: Parser) -> None:
    command.add_argument("--project", metavar="PROJECT", help="name or id (default: for every project)")


def _add_data_directory(parser: Parser) -> None:
    add_accounts(parser)
    command = parser.add_command(
        "webhook-secret",
        help="print the secret that signs webhooks",
        description="Print the secret to give to GitHub, made on first use. Works on the data directory, whether or "
        "not a service runs.",
    )
    _add_local(command)
    command.set_defaults(run="local:webhook_secret")

    command = parser.add_command(
        "new-instance",
        help="make a copied data directory an lci of its own",
        description="Give a data directory that was copied from another one an id of its own, so that neither takes "
        "the other's containers for its own. Works on the data directory while no service runs.",
    )
    _add_local(command)
    command.set_defaults(run="local:new_instance")


def _add_rest(parser: Parser) -> None:
    command = parser.add_command(
        "doctor",
        help="say what is not as it should be",
        description="Hold what is recorded against what Docker and the disk have, and look at the host. Changes "
        "nothing; works on the data directory, whether or not a service runs. Exit status 1 where an error was found.",
    )
    _add_local(command)
    command.add_argument("--docker-host", metavar="URL", help="the Docker engine (default: as for serve)")
    command.set_defaults(run="doctor:doctor")

    command = parser.add_command("validate", help="check a project file")
    command.add_argument("file", metavar="FILE", nargs="?", default=".lci.toml", help="default: .lci.toml")
    command.add_argument(
        "--as",
        dest="use",
        choices=("repository", "registration"),
        help="what it is for (default: repository if it is called .lci.toml, else registration)",
    )
    _add_json(command)
    command.set_defaults(run="files:validate")

    command = parser.add_command("schema", help="print the JSON Schema of project files")
    _add_json(command)
    command.set_defaults(run="files:schema")

    command = _client_command(parser, "login", "save a service's address and token for later commands", "login:login")
    command.add_argument("address", metavar="URL", nargs="?", help="the service's address (default: --url)")

    command = parser.add_command("version", help="print the version")
    _add_json(command)
    command.set_defaults(run="version:version")


def _client_command(parser: Parser, name: str, help: str, run: str) -> Parser:  # noqa: A002 - argparse's word
    command = parser.add_command(name, help=help)
    command.add_argument("--url", metavar="URL", help="the service (default: LCI_URL, the saved one, or the local one)")
    command.add_argument("--token", metavar="TOKEN", help="an API token (default: LCI_TOKEN, or the saved one)")
    _add_json(command)
    command.set_defaults(run=run)
    return command


def _add_json(command: Parser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_local(command: Parser) -> None:
    command.add_argument("--data-dir", metavar="DIR", help="the service's data directory (default: as for serve)")
    _add_json(command)


def _add_follow(command: Parser, *flags: str) -> None:
    command.add_argument(*flags, dest="follow", action="store_true", help="show the log until the build has ended")
    command.add_argument("--timeout", metavar="SECONDS", type=float, help="follow no longer than that (exit status 7)")
