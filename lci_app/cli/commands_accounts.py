"""The commands about who may use lci; part of the tree of commands."""

from __future__ import annotations

from lci_app.cli.parser import Parser
from lci_app.core.accounts import Role

_LOCAL = "Works on the data directory, whether or not a service runs."


def add_accounts(parser: Parser) -> None:
    _add_tokens(parser.add_command("token", help="make, list, revoke API tokens"))
    _add_users(parser.add_command("user", help="register, list, change, remove the people who use lci"))
    command = _local(
        parser,
        "setup-link",
        "print a link that makes the first administrator",
        "Print a new link by which the first administrator registers, in a browser on this machine within an hour; "
        "an earlier one is void then.",
        "setup_link",
    )
    command = _local(
        parser, "audit", "show who changed what", "Show who asked for which change, newest first.", "audit"
    )
    command.add_argument("--limit", metavar="N", type=int, default=50, help="how many (default: 50)")


def _add_tokens(family: Parser) -> None:
    about = "Make a token and print it, alone; it is valid at once and shown only now."
    command = _local(family, "create", "make a token and print it", about, "token_create")
    command.add_argument("--name", metavar="NAME", required=True, help="whose token it is")
    command.add_argument(
        "--scope", choices=("admin", "deploy", "read"), default="admin", help="what it may do (default: admin)"
    )
    command.add_argument(
        "--project", metavar="NAME", action="append", default=[], help="only for this project; repeatable"
    )
    command.add_argument("--days", metavar="N", type=int, help="valid for so many days (default: until it is revoked)")
    _local(family, "list", "list the tokens", "List the tokens, newest first, with their last use.", "token_list")
    command = _local(family, "revoke", "remove a token", "Remove a token: it is refused at once.", "token_revoke")
    command.add_argument("id", metavar="ID", type=int, help="as `lci token list` shows it")


def _add_users(family: Parser) -> None:
    roles = tuple(Role)
    about = "Register somebody; the password is asked for, or taken from the first line of standard input."
    command = _local(family, "add", "register somebody", about, "user_add")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--role", choices=roles, default=Role.VIEWER, help="what the person may do (default: viewer)")
    command.add_argument("--no-password", action="store_true", help="none: the person cannot sign in by one")
    _local(family, "list", "list the people", "List the people who may use lci.", "user_list")
    command = _local(family, "role", "change what somebody may do", "Change what somebody may do.", "user_role")
    command.add_argument("name", metavar="NAME")
    command.add_argument("role", metavar="ROLE", choices=roles, help="admin, deployer or viewer")
    about = "Give somebody a new password, asked for or taken from standard input; all sessions of the person end."
    command = _local(family, "password", "give somebody a new password", about, "user_password")
    command.add_argument("name", metavar="NAME")
    about = "Remove somebody with all sessions and tokens; never the last administrator."
    command = _local(family, "rm", "remove somebody", about, "user_remove")
    command.add_argument("name", metavar="NAME")


def _local(parser: Parser, name: str, help: str, about: str, run: str) -> Parser:  # noqa: A002 - argparse's word
    command = parser.add_command(name, help=help, description=f"{about} {_LOCAL}")
    command.add_argument("--data-dir", metavar="DIR", help="the service's data directory (default: as for serve)")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=f"accounts:{run}")
    return command
