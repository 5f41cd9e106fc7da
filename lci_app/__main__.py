"""The program: `lci`, `python -m lci_app`, or the frozen executable, which is its own workers' program too."""

from __future__ import annotations

import sys


def main() -> int:
    """Run what the arguments ask for; returns the exit status.

    The three hidden commands are lci's own children. They come before everything else is imported, since each is
    started while a build or a request waits for it.
    """
    arguments = sys.argv[1:]
    if arguments[:1] == ["git-worker"]:
        from lci_app.adapters.git import child  # noqa: PLC0415 - each process imports only what it runs

        return child.main()
    if arguments[:1] == ["proxy-worker"]:
        from lci_app.proxy import worker  # noqa: PLC0415

        return worker.main(arguments[1:])
    if arguments[:1] == ["log-search"]:
        from lci_app.adapters.log_files import regex_child  # noqa: PLC0415

        return regex_child.main()
    from lci_app.cli.main import run  # noqa: PLC0415

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
