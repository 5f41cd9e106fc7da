"""The only composer: opens each adapter, joins it to the services, and starts them in the order of their shutdown.

What is used lives in an outer block, what uses it in an inner one, so that everything still finds what it stands on
while it ends.
"""

from __future__ import annotations

import logging
import secrets as random_secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import trio

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.disk import DataDisk
from lci_app.adapters.docker import open_engine
from lci_app.adapters.firewall import open_firewall
from lci_app.adapters.git.source import open_source
from lci_app.adapters.host import (
    READY,
    STOPPING,
    end_with_parent,
    is_another_data_directory,
    keep_one_unpacked,
    notify_systemd,
    open_lock,
)
from lci_app.adapters.log_files.logs import LogFiles
from lci_app.adapters.private_files import keep_set_up_link, prepare_data_directory
from lci_app.adapters.sqlite import DatabaseRefused, open_store
from lci_app.adapters.vault import open_vault
from lci_app.adapters.workspace import DirectoryWorkspace
from lci_app.api.app import create_app
from lci_app.api.needs import Addresses
from lci_app.api.server import CannotListen, address_of, listen, serve_on
from lci_app.assembly import House, Outside, join
from lci_app.config import Config
from lci_app.config.surroundings import environment
from lci_app.core import names
from lci_app.core.readiness import Condition
from lci_app.core.subnets import NetworkKind, Subnets
from lci_app.interfaces import Engine, OutsideError, Trouble
from lci_app.proxy.supervisor import open_proxy
from lci_app.services import identity
from lci_app.services.bell import Bell
from lci_app.services.intake import WEBHOOK_SECRET

# How long the engine may take to answer when lci starts.
_ENGINE_TIMEOUT: Final = 10.0
# While the engine does not answer, containers cannot be compared with the database: tried again after this.
_RECONCILE_PAUSE: Final = 2.0

_log = logging.getLogger(__name__)


class StartError(Exception):
    """lci cannot serve; `str(error)` is one sentence that says what stands in the way, and where."""


async def run(
    config: Config,
    *,
    opening: Callable[[Config], AbstractAsyncContextManager[Outside]] | None = None,
    task_status: trio.TaskStatus[tuple[str, str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until SIGINT or SIGTERM; on SIGHUP end too, but leave the proxy's workers serving for a successor.

    The outside is what `opening` opens: `open_outside`, if it is not given. Started with the addresses of API and proxy
    when committed routes are served. Raises StartError.
    """
    if _is_frozen():
        # The program that people see and kill is the one that unpacked this one.
        end_with_parent()
    with _start_errors(), trio.open_signal_receiver(*_signals()) as signals:
        prepare_data_directory(config.data_dir)
        with open_lock(config.data_dir):
            if _is_frozen():
                keep_one_unpacked(config.data_dir, Path(sys._MEIPASS))  # type: ignore[attr-defined]  # noqa: SLF001
            listeners = await listen(config.api_host, config.api_port)
            async with (opening or open_outside)(config) as outside, trio.open_nursery() as nursery:
                stop = trio.Event()
                addresses = await nursery.start(partial(_serve, config, outside, listeners, stop))
                print(f"lci ready api={addresses[0]} proxy={addresses[1]}", flush=True)  # noqa: T201 - the contract's line
                notify_systemd(config.notify_socket, READY)
                task_status.started(addresses)
                async for number in signals:
                    if number == signal.SIGHUP:
                        outside.proxy.leave_workers()
                    break
                _log.info("stopping")
                notify_systemd(config.notify_socket, STOPPING)
                stop.set()


def _signals() -> list[signal.Signals]:
    """Return the signals that end lci; whoever started it with nohup does not want the terminal's end to be one."""
    hangs_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangs_up else [])]


@contextmanager
def _start_errors() -> Iterator[None]:
    """Turn what the outside refused into a StartError."""
    try:
        yield
    except* (OutsideError, DatabaseRefused, CannotListen) as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise StartError(str(error)) from group


@asynccontextmanager
async def open_outside(config: Config) -> AsyncIterator[Outside]:
    """Open every adapter. Raises OutsideError and DatabaseRefused."""
    clock, alarm = SystemClock(), Bell()
    program = program_of_children()
    vault = open_vault(config.data_dir / names.KEYS, config.credentials_dir and config.credentials_dir / names.KEYS)
    async with (
        open_store(config.data_dir / names.DATABASE, sealer=vault, at=clock.now(), alarm=alarm.ring) as store,
        open_source(program=program) as source,
    ):
        await store.setting_or_create(WEBHOOK_SECRET, random_secrets.token_hex(32))
        instance = await identity.settle(store, config.data_dir.resolve(), is_another_data_directory)
        async with (
            open_engine(config.docker_host, instance, container_range=config.container_range, logins=store) as engine,
            open_firewall(instance, config.build_allow) as firewall,
            open_proxy(
                program=program,
                run_directory=config.data_dir / names.RUN,
                host=config.proxy_host,
                port=config.proxy_port,
                workers=config.proxy_workers,
                trusted_proxies=config.trusted_proxies,
                refused=[Subnets(config.container_range).half(NetworkKind.BUILDS)],
                environment=_environment_of_workers(),
                inherited=config.proxy_descriptor,
                access_log=None if config.access_log is None else (config.access_log, config.access_log_percent),
            ) as proxy,
        ):
            if not (await store.projects())[0]:
                # Nobody waits for anything to be served: whoever sets lci up learns of a wrong address now.
                await _wait_engine(engine, config.docker_host or "its local socket")
            logs = LogFiles(config.data_dir, clock, regex_command=[*program, "log-search"], alarm=alarm.ring)
            workspace = DirectoryWorkspace(config.data_dir)
            disk = DataDisk(config.data_dir)
            yield Outside(store, engine, source, logs, workspace, proxy, firewall, vault, clock, disk, alarm, instance)


async def _wait_engine(engine: Engine, place: str) -> None:
    with trio.move_on_after(_ENGINE_TIMEOUT):
        await engine.version()
        return
    raise Trouble("DOCKER_UNAVAILABLE", f"the Docker engine at {place} did not answer within {_ENGINE_TIMEOUT:g} s")


def program_of_children() -> Sequence[str]:
    """Return what starts this program again, with a sub-command of its own behind it."""
    return [sys.executable] if _is_frozen() else [sys.executable, "-P", "-m", "lci_app"]


def _environment_of_workers() -> Mapping[str, str] | None:
    """Have each worker of the frozen program unpack itself: it may outlive what this process was unpacked to."""
    return {**environment(), "PYINSTALLER_RESET_ENVIRONMENT": "1"} if _is_frozen() else None


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


async def _serve(
    config: Config,
    outside: Outside,
    listeners: list[trio.SocketListener],
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[tuple[str, str]],
) -> None:
    """Serve until `stop` is set: first viewers are told, then builds are cut short, then old versions are left."""
    api_url, proxy_url = _url(*address_of(listeners)), _url(*outside.proxy.address)
    addresses = Addresses(config.dashboard_url or api_url, config.public_url or proxy_url)
    house = join(config, outside, public_url=addresses.public_url)
    keep_set_up_link(config.data_dir, await house.parts.people.set_up_link(api_url))
    await house.reconciler.settle_rows()
    await house.routes.publish()
    async with trio.open_nursery() as leaving:
        await leaving.start(house.retirement.run)
        await leaving.start(house.slot_health.run)
        leaving.start_soon(house.routes.run)
        async with trio.open_nursery() as building:
            await building.start(house.keeper.run)
            building.start_soon(house.engine_watch.run)
            building.start_soon(house.disk_watch.run)
            await building.start(house.scheduler.run)
            building.start_soon(_reconcile, house)
            async with trio.open_nursery() as serving:
                api = create_app(house.parts, config, addresses, stop)
                refused, trusted = [config.container_range], config.trusted_proxies
                await serving.start(partial(serve_on, api, listeners, stop=stop, refused=refused, trusted=trusted))
                task_status.started((api_url, proxy_url))
            building.cancel_scope.cancel()
        leaving.cancel_scope.cancel()


async def _reconcile(house: House) -> None:
    """Let builds start only when nothing of an earlier run is left that could be in their way."""
    while True:
        await house.readiness.wait_sound(Condition.ENGINE)
        try:
            await house.reconciler.settle_world()
            break
        except OutsideError as error:
            _log.warning("Docker's containers cannot be compared with the database yet: %s", error)
            await trio.sleep(_RECONCILE_PAUSE)
    house.scheduler.settled.set()


def _url(host: str, port: int) -> str:
    """Return the address by which this host's own programs reach a listener."""
    every = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 # nosec B104
    reached = every.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{reached}:{port}"
