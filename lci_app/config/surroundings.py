"""The one place that reads the environment, the machine and the files of the configuration directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lci_app.config.model import Config, ConfigError
from lci_app.config.parsing import ConfigFile, Host, parse_config

FILE_NAME = "lci.toml"


@dataclass(frozen=True, slots=True)
class ClientEnvironment:
    """What the commands take from the environment; an empty variable counts as not set."""

    url: str | None
    token: str | None
    colour_wanted: bool
    config_dir: Path


def environment() -> Mapping[str, str]:
    return os.environ  # noqa: TID251 - this is where it is read


def load_config(options: Mapping[str, str]) -> Config:
    """Return the service's configuration from this process's surroundings. Raises ConfigError."""
    variables = environment()
    return parse_config(options, variables, _config_file(config_directory(variables)), this_host(variables))


def client_environment() -> ClientEnvironment:
    variables = environment()
    return ClientEnvironment(
        url=variables.get("LCI_URL") or None,
        token=variables.get("LCI_TOKEN") or None,
        colour_wanted=not variables.get("NO_COLOR") and variables.get("TERM", "dumb") != "dumb",
        config_dir=config_directory(variables),
    )


def config_directory(variables: Mapping[str, str]) -> Path:
    """Return where lci.toml and the saved profile are, whether or not the directory exists."""
    for variable in ("LCI_CONFIG_DIR", "CONFIGURATION_DIRECTORY"):
        if given := variables.get(variable):
            # systemd separates several directories by colons; the unit's first is ours.
            return Path(given.split(":")[0] if variable == "CONFIGURATION_DIRECTORY" else given).absolute()
    if os.geteuid() == 0:
        return Path("/etc/lci")
    import platformdirs  # noqa: PLC0415 - only here, so that commands of a configured user start without it

    return platformdirs.user_config_path("lci", appauthor=False)


def this_host(variables: Mapping[str, str]) -> Host:
    # The frozen program is started as the process that unpacks it, our parent.
    pids = {os.getpid(), os.getppid()} if getattr(sys, "frozen", False) else {os.getpid()}
    return Host(_default_data_dir(variables), len(os.sched_getaffinity(0)), frozenset(pids))


def _default_data_dir(variables: Mapping[str, str]) -> Path:
    if state := variables.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0]).absolute()
    import platformdirs  # noqa: PLC0415 - see above

    if os.geteuid() == 0:
        return platformdirs.site_state_path("lci", appauthor=False)
    return platformdirs.user_data_path("lci", appauthor=False)


def _config_file(directory: Path) -> ConfigFile | None:
    path = directory / FILE_NAME
    try:
        return ConfigFile(path, path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} must be UTF-8 text") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
