"""The bundled sample: its repository, its project and a build of it, brought live on a service that just started."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlsplit

import trio

from lci_app.adapters.private_files import write_private
from lci_app.cli.client import Client, Service, segment
from lci_app.cli.exits import CommandError, Exit
from lci_app.cli.files import registration_body
from lci_app.cli.follow import Viewer, follow
from lci_app.cli.local import add_token, open_data_directory
from lci_app.config import Config
from lci_app.core import names
from lci_app.core.credentials import digest_of
from lci_app.core.model import BuildStatus, Scope
from lci_app.core.project import NewProject
from lci_app.core.project_file import parse_registration

_AUTHOR: Final = b"lci <lci@localhost>"
_LAST_LINES: Final = 30
# Seconds in which the page must answer once the build has succeeded.
_PAGE_TIMEOUT: Final = 10.0

T = TypeVar("T")


async def show(config: Config, api_url: str, proxy_url: str) -> None:
    """Bring the sample live and print its address; a failure is told on standard error, and the service goes on.

    A second run builds what the sample's repository holds by then.
    """
    try:
        url = await _bring_live(config, api_url, proxy_url)
    except CommandError as error:
        _tell(f"failed: {error}")
    else:
        print(f"demo ready {url}", flush=True)


async def _bring_live(config: Config, api_url: str, proxy_url: str) -> str:
    service = Service.at(api_url, await _token(config))
    repository = config.data_dir / names.DEMO_REPOSITORY
    await _in_thread(make_repository, repository)
    project = sample_project(repository)
    build_id = await _in_thread(_start_build, service, project)
    _tell(f"build {build_id} of {repository} is queued")
    if await follow(service, build_id, Viewer(lambda _, __: None, _tell_event)) is not BuildStatus.SUCCESS:
        raise await _in_thread(_failure, service, build_id)
    url = f"{proxy_url}/{project.name}/"
    await _in_thread(_check_page, url)
    return url


async def _token(config: Config) -> str:
    """Return the token that earlier runs used, else a new one, kept for later ones."""
    path = config.data_dir / "demo" / "token"
    async with open_data_directory(config.data_dir, config.credentials_dir) as store:
        kept = path.read_text(encoding="ascii").strip() if path.exists() else ""
        if kept and await store.token(digest_of(kept)) is not None:
            return kept
        token = await add_token(store, "demo", Scope.ADMIN)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, f"{token}\n")
    return token


def make_repository(path: Path) -> None:
    """Make a git repository of the bundled files at `path`, where there is none yet."""
    if path.exists():
        return
    from dulwich.repo import Repo  # noqa: PLC0415 - only the first run of a demo needs git here

    # Made beside its place: a run that is killed half-way leaves nothing that looks whole.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    _remove_tree(unfinished)
    unfinished.mkdir(mode=0o700)
    written = _copy(files("lci_app") / "demo" / "repository", unfinished)
    with Repo.init(unfinished, default_branch=b"main") as repository:
        tree = repository.get_worktree()
        tree.stage([file.relative_to(unfinished).as_posix() for file in written])
        tree.commit(b"The sample of lci\n", author=_AUTHOR, committer=_AUTHOR, no_verify=True, sign=False)
    unfinished.rename(path)


def sample_project(repository: Path) -> NewProject:
    """Return the bundled project, registered on `repository`."""
    text = (files("lci_app") / "demo" / "project.toml").read_text(encoding="utf-8")
    project = parse_registration(text.replace("@REPOSITORY@", f"file://{quote(str(repository))}"))
    if isinstance(project, list):
        raise CommandError(Exit.FAILED, f"the bundled project.toml is wrong: {project[0]}")
    return project


def _copy(source: Traversable, destination: Path) -> list[Path]:
    written = []
    for entry in source.iterdir():
        target = destination / entry.name
        if entry.is_dir():
            target.mkdir()
            written += _copy(entry, target)
        else:
            target.write_bytes(entry.read_bytes())
            written.append(target)
    return written


def _remove_tree(path: Path) -> None:
    if path.exists():
        import shutil  # noqa: PLC0415 - only after a run that was killed

        shutil.rmtree(path)


def _start_build(service: Service, project: NewProject) -> int:
    with Client(service) as client:
        try:
            client.get(f"/api/projects/{segment(project.name)}")
        except CommandError as error:
            if error.exit_status is not Exit.NOT_FOUND:
                raise
            client.post("/api/projects", registration_body(project))
        build_id: int = client.post(f"/api/projects/{segment(project.name)}/builds")["build_id"]
        return build_id


def _failure(service: Service, build_id: int) -> CommandError:
    """Return why the build failed, with the end of its log."""
    with Client(service) as client:
        build = client.get(f"/api/builds/{build_id}")
        page = client.get(f"/api/builds/{build_id}/logs", tail=_LAST_LINES)
    why = (build.get("failure") or {}).get("message") or f"build {build_id} ended as {build['status']}"
    return CommandError(Exit.BUILD_FAILED, "\n".join([why, *(f"    {line['text']}" for line in page["lines"])]))


def _check_page(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PAGE_TIMEOUT)
    try:
        connection.request("GET", parts.path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(Exit.FAILED, f"{url} does not answer: {error}") from None
    finally:
        connection.close()
    if status != 200:
        raise CommandError(Exit.FAILED, f"{url} answers with HTTP {status}, not 200")


async def _in_thread(work: Callable[..., T], *arguments: Any) -> T:
    return await trio.to_thread.run_sync(
        partial(work, *arguments), limiter=trio.CapacityLimiter(1), abandon_on_cancel=True
    )


def _tell_event(message: dict[str, Any]) -> None:
    if message["type"] == "build_status":
        _tell(f"build {message['build_id']}: {message['status']}")


def _tell(text: str) -> None:
    for line in text.splitlines():
        print(f"demo: {line}", file=sys.stderr, flush=True)
