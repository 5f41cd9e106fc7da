"""Options, environment and file into a `Config`: a pure function of what it is given."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lci_app.config.model import Config, ConfigError, LogFormat
from lci_app.config.options import OPTIONS, Option
from lci_app.core.toml_positions import TomlFault, read_toml

# systemd hands sockets over from this descriptor on.
_FIRST_LISTEN_FD: Final = 3


@dataclass(frozen=True, slots=True)
class Host:
    """What the defaults depend on."""

    data_dir: Path
    cores: int
    # The numbers by which whoever started this program may know it.
    pids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ConfigFile:
    path: Path
    text: str


def parse_config(
    options: Mapping[str, str], environment: Mapping[str, str], file: ConfigFile | None, host: Host
) -> Config:
    """Return the configuration: option, else variable, else key of `file`, else default.

    `options` holds the options given, by name (`api_port`). A variable that is empty counts as not set. Raises
    ConfigError; whatever stands in `file` is checked, even where something else wins over it.
    """
    values = _defaults(host) | ({} if file is None else _from_file(file))
    for option in OPTIONS:
        if environment.get(option.variable):
            values[option.name] = _read(option, environment[option.variable], option.variable)
        if option.name in options:
            values[option.name] = _read(option, options[option.name], option.flag)
    return Config(
        **values,
        notify_socket=environment.get("NOTIFY_SOCKET") or None,
        proxy_descriptor=_proxy_descriptor(environment, host.pids),
        credentials_dir=Path(given) if (given := environment.get("CREDENTIALS_DIRECTORY")) else None,
    )


def _proxy_descriptor(environment: Mapping[str, str], pids: frozenset[int]) -> int | None:
    """Return the socket of that name which was handed over open (sd_listen_fds(3)), else the first, else None."""
    count, pid = environment.get("LISTEN_FDS", ""), environment.get("LISTEN_PID", "")
    if not (count.isdecimal() and pid.isdecimal() and int(count) > 0 and int(pid) in pids):
        # There is none, or it is for the process that started this one.
        return None
    names = environment.get("LISTEN_FDNAMES", "").split(":")[: int(count)]
    return _FIRST_LISTEN_FD + (names.index("proxy") if "proxy" in names else 0)


def _defaults(host: Host) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "data_dir": host.data_dir,
        "docker_host": None,
        "dashboard_url": None,
        "public_url": None,
        "trusted_proxies": (),
        "webhook_addresses": (),
        "build_allow": (),
        "disk_reserve": None,
        "proxy_workers": host.cores,
        "max_parallel_builds": host.cores,
        "log_format": LogFormat.AUTO,
        "access_log": None,
    }
    return {
        option.name: defaults[option.name] if option.name in defaults else option.read(option.default)
        for option in OPTIONS
    }


def _from_file(file: ConfigFile) -> dict[str, Any]:
    document = read_toml(file.text)
    if isinstance(document, TomlFault):
        raise ConfigError(f"{file.path}, {document.position}: {document.message}")
    by_name = {option.name: option for option in OPTIONS}
    values = {}
    for key, value in document.values.items():
        where = f"{file.path}, {document.position((key,))}: {key}"
        if key not in by_name:
            raise ConfigError(f"{where} is not known{_nearest(key, by_name)}")
        values[key] = _read(by_name[key], _as_text(by_name[key], value, where), where)
    return values


def _as_text(option: Option, value: Any, where: str) -> str:
    if option.kind is int and type(value) is int:
        return str(value)
    if option.kind is list and isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ",".join(value)
    if option.kind is not int and isinstance(value, str):
        return value
    kinds = {int: "a whole number", str: "text in quotes", list: "a list of texts"}
    raise ConfigError(f"{where} must be {kinds[option.kind]}")


def _read(option: Option, text: str, where: str) -> Any:
    try:
        return option.read(text)
    except ValueError as error:
        raise ConfigError(f"{where} {error}, not {text[:100]!r}") from None


def _nearest(key: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(key.replace("-", "_").lower(), known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
