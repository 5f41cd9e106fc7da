"""The saved profile: the service and token that commands use where nothing else is given. Mode 0600."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lci_app.cli.exits import CommandError, Exit

FILE_NAME: Final = "profile.json"


@dataclass(frozen=True, slots=True)
class Profile:
    url: str
    token: str = field(repr=False)


def load(config_dir: Path) -> Profile | None:
    """Return the saved profile; None where there is none. Raises CommandError for one that cannot be used."""
    path = config_dir / FILE_NAME
    try:
        document = json.loads(path.read_bytes())
        return Profile(str(document["url"]), str(document["token"]))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # Another user's profile (the machine's own, for root) is none of ours.
        return None
    except OSError as error:
        raise CommandError(Exit.FAILED, f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise CommandError(Exit.USAGE, f"{path} is damaged: run `lci login URL` again") from None


def save(config_dir: Path, profile: Profile) -> Path:
    """Replace the saved profile in one step. Raises CommandError."""
    from lci_app.adapters.private_files import write_private  # noqa: PLC0415 - the other commands start without it

    path = config_dir / FILE_NAME
    document = json.dumps({"url": profile.url, "token": profile.token}, indent=2) + "\n"
    try:
        config_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, document)
    except OSError as error:
        raise CommandError(Exit.FAILED, f"{path} cannot be written: {error.strerror}") from None
    return path
