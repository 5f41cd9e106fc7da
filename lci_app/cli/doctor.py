"""`lci doctor`: what of the data directory, the engine and the host is not as it should be."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

import trio

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.docker import open_engine
from lci_app.adapters.firewall import HostFirewall
from lci_app.adapters.host import DirectoryFacts, HostPorts, holder_of, is_another_data_directory
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.adapters.sqlite import DatabaseRefused, open_store
from lci_app.adapters.vault import open_vault
from lci_app.adapters.workspace import DirectoryWorkspace
from lci_app.cli.exits import CommandError, Exit
from lci_app.cli.screen import Screen
from lci_app.config import Config
from lci_app.config.surroundings import load_config
from lci_app.core import findings, names
from lci_app.core.findings import Finding, Severity
from lci_app.interfaces import OutsideError
from lci_app.services import identity
from lci_app.services.doctor import Doctor


def doctor(arguments: argparse.Namespace) -> Exit:
    """Examine, and exit 1 where an error was found; it changes nothing."""
    given = {"data_dir": arguments.data_dir, "docker_host": arguments.docker_host}
    config = load_config({name: value for name, value in given.items() if value is not None})
    if not (config.data_dir / names.DATABASE).exists():
        raise CommandError(Exit.NOT_FOUND, f"{config.data_dir} holds no database: no lci has served from it yet")
    holder = holder_of(config.data_dir)
    try:
        found = trio.run(_examine, config, holder is not None)
    except (OutsideError, DatabaseRefused, OSError) as error:
        raise CommandError(Exit.FAILED, str(error)) from None
    sound = all(each.severity is not Severity.ERROR for each in found)
    screen = Screen.of(arguments)
    if arguments.json:
        screen.data({"sound": sound, "service": holder, "findings": [asdict(each) for each in found]})
    else:
        _tell(screen, config, holder, found)
    return Exit.DONE if sound else Exit.FAILED


async def _examine(config: Config, served: bool) -> list[Finding]:
    host = DirectoryFacts(config.data_dir)
    vault = open_vault(config.data_dir / names.KEYS, config.credentials_dir and config.credentials_dir / names.KEYS)
    async with open_store(config.data_dir / names.DATABASE, sealer=vault, at=SystemClock().now()) as store:
        instance = await identity.instance_of(store)
        original = await identity.original_of(store, config.data_dir.resolve(), is_another_data_directory)
        if original is not None:
            # What bears the id is the other one's: held against what is recorded here it would all be wrong.
            return list(findings.of_copy(str(config.data_dir), str(original)))
        async with open_engine(config.docker_host, instance, container_range=config.container_range) as engine:
            walls = HostFirewall(instance, config.build_allow)
            workspace = DirectoryWorkspace(config.data_dir)
            ports, clock, reserve = HostPorts(), SystemClock(), config.disk_reserve
            logs = LogFiles(config.data_dir, clock)
            return await Doctor(store, engine, walls, workspace, logs, host, ports, clock, reserve, served).examine()


def _tell(screen: Screen, config: Config, holder: str | None, found: list[Finding]) -> None:
    service = "no service runs" if holder is None else f"a service runs (process {holder})"
    screen.say(f"{config.data_dir}: {service}")
    for each in found:
        screen.say(f"{each.severity}: {each.code}: {each.message} {each.mend}")
    count: dict[str, Any] = {kind: sum(each.severity is kind for each in found) for kind in Severity}
    told = ", ".join(f"{number} {kind}{'' if number == 1 else 's'}" for kind, number in count.items() if number)
    screen.say(told or "everything is as it should be")
