"""Everything lci asks of the engine, as blocking calls: they run in threads, from any number of them at a time.

Each raises Trouble or Refusal alone. Those that change a container look at its label first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, Final

from docker.errors import APIError, ImageNotFound, NotFound

from lci_app.adapters.docker.attach import Attached
from lci_app.adapters.docker.box import Host
from lci_app.adapters.docker.client import SdkClient
from lci_app.adapters.docker.errors import UNAVAILABLE, mapped, pull_error, words_of
from lci_app.adapters.docker.events import event_filters
from lci_app.adapters.docker.held import Held
from lci_app.adapters.docker.images import IDLE_SECONDS, pull_options
from lci_app.adapters.docker.networks import Networks
from lci_app.adapters.docker.resume import Resumed
from lci_app.adapters.docker.spec import create_arguments, labels_of, state_of
from lci_app.core import names
from lci_app.core.registries import RegistryLogin
from lci_app.core.subnets import NetworkKind, Subnets
from lci_app.interfaces import ContainerSpec, ContainerState, EngineFacts, OutsideError, Refusal, Trouble

_CREATE_TRIES: Final = 4
# The engine answers a ping within a millisecond; one that needs longer than this, in seconds, hangs.
PING_SECONDS: Final = 3.0
_UNLESS_STOPPED: Final = {"restart_policy": {"Name": "unless-stopped"}}
_Facts = Mapping[str, Any]


class EngineCalls:
    """One engine, one instance of lci. `close` gives its kept connections back."""

    def __init__(self, docker_host: str | None, instance: str, subnets: Subnets, *, limit: float) -> None:
        self._docker_host = docker_host
        self._where = docker_host or "unix:///var/run/docker.sock"
        self._instance = instance
        try:
            self._client = SdkClient(docker_host, timeout=limit)
            self._networks = Networks(self._client, instance, subnets)
        except Exception as error:
            raise Trouble(UNAVAILABLE, f"{self._where} is no address of a Docker engine: {error}") from error
        try:
            with self._asking("say which API it speaks"):
                self._client.negotiate()
                facts = self._client.info()
                self._host = Host(int(facts["MemTotal"]), int(facts["NCPU"]))
        except OutsideError as error:
            self._client.close()
            if error.code == UNAVAILABLE:
                raise
            raise Trouble(UNAVAILABLE, f"what answers at {self._where} is no Docker engine to use: {error}") from error

    def close(self) -> None:
        self._client.close()

    def _asking(self, doing: str) -> AbstractContextManager[None]:
        return mapped(self._where, doing)

    # --- the engine and its images

    def ping(self) -> None:
        """Ask on a fresh connection: an engine that is going away still serves those that are open, and takes no new.

        Raises Trouble after PING_SECONDS.
        """
        with self._asking("answer at all"):
            fresh = SdkClient(self._docker_host, timeout=PING_SECONDS)
            try:
                if not fresh.ping():
                    raise ValueError("it does not say that it is well")
            finally:
                fresh.close()

    def open_events(self) -> Held:
        """Open what happens to our containers from now on. The caller closes it."""
        with self._asking("tell what happens"):
            filters = {"filters": event_filters(self._instance)}
            return Held(self._client.hold("GET", "/events", params=filters))

    def version(self) -> str:
        with self._asking("say its version"):
            return str(self._client.version()["Version"])

    def facts(self) -> EngineFacts:
        with self._asking("say what it is"):
            told = self._client.info()
            return EngineFacts(str(told["ServerVersion"]), bool(told.get("LiveRestoreEnabled")))

    def image_id(self, image: str) -> str | None:
        with self._asking(f"look for the image {image}"):
            try:
                return str(self._client.inspect_image(image)["Id"])  # type: ignore[no-untyped-call]
            except ImageNotFound:
                return None

    def image_user(self, image: str) -> str:
        with self._asking(f"look at the image {image}"):
            facts = self._client.inspect_image(image)  # type: ignore[no-untyped-call]
            return str((facts["Config"] or {}).get("User") or "")

    def open_pull(self, image: str, login: RegistryLogin | None) -> Held:
        """Begin to pull; returns when the registry has answered. The caller closes it."""
        with self._asking(f"pull {image}"):
            options = pull_options(image, login)
            try:
                answer = self._client.hold("POST", "/images/create", timeout=IDLE_SECONDS, **options)
            except APIError as error:
                raise pull_error(image, words_of(error)) from error
            return Held(answer, idle_limit=IDLE_SECONDS)

    # --- networks

    def project_network(self, project_id: int, kind: NetworkKind) -> str:
        with self._asking("make a project's network"):
            return self._networks.of_project(kind, project_id)

    def remove_networks(self, project_id: int) -> None:
        with self._asking("remove a project's networks"):
            self._networks.remove_of(project_id)

    def keep_networks(self, project_ids: Collection[int]) -> None:
        with self._asking("remove networks that nothing needs"):
            self._networks.remove(keep=project_ids)

    # --- containers: what they are

    def inspect(self, container_id: str) -> ContainerState | None:
        with self._asking("inspect a container"):
            facts = self._look(container_id)
            return state_of(facts) if facts is not None and self._is_ours(facts) else None

    def list_ours(self, build_id: int | None) -> list[ContainerState]:
        labels = [f"{names.LABEL_INSTANCE}={self._instance}"]
        if build_id is not None:
            labels.append(f"{names.LABEL_BUILD}={build_id}")
        with self._asking("list containers"):
            listed = self._client.containers(all=True, filters={"label": labels})
            found = [self._look(each["Id"]) for each in listed]
            return [state_of(facts) for facts in found if facts is not None]

    def tail(self, container_id: str, lines: int) -> bytes:
        facts = self._ours(container_id)
        if facts is None:
            return b""
        with self._asking("read a container's output"), suppress(NotFound):
            return bytes(self._client.logs(facts["Id"], stdout=True, stderr=True, tail=lines))
        return b""

    def open_log(self, container_id: str, lines: int) -> Held | None:
        """Open the output of a container, last `lines` first; None when it is gone. The caller closes it."""
        facts = self._ours(container_id)
        if facts is None:
            return None
        options = {"follow": 1, "stdout": 1, "stderr": 1, "tail": lines}
        with self._asking("follow a container's output"), suppress(NotFound):
            return Held(self._client.hold("GET", "/containers/{0}/logs", facts["Id"], params=options))
        return None

    # --- containers: what is done to them

    def create(self, spec: ContainerSpec, *, attached: bool) -> str:
        """Create the container; a name that another instance holds gets this instance's suffix.

        Of an `attached` one the engine keeps no output, unless it is resumable: `tail` and `open_log` find nothing.
        """
        with self._asking(f"create the container {spec.name}"):
            arguments = create_arguments(self._client, spec, attached=attached, host=self._host)
            for name in (spec.name, spec.name + names.instance_suffix(self._instance)):
                created = self._create_named(name, arguments)
                if created is not None:
                    return created
        raise Trouble("NAME_TAKEN", f"the container names {spec.name} and {name} are taken by others on this engine")

    def start(self, container_id: str) -> None:
        with self._asking("start a container"):
            self._client.start(container_id)

    def open_attached(self, container_id: str) -> Attached:
        """Attach to a container that was created and not started yet. The caller closes it."""
        with self._asking("attach to a container"):
            streams = {"stdout": 1, "stderr": 1, "stream": 1}
            upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
            output = Held(
                self._client.hold("POST", "/containers/{0}/attach", container_id, params=streams, headers=upgrade)
            )
            try:
                return Attached(output, self._open_end(container_id, "next-exit"))
            except BaseException:
                output.close()
                raise

    def open_resumed(self, container_id: str) -> Resumed:
        """Open all the output of a container that was started before. The caller closes it."""
        if self._ours(container_id) is None:
            raise _gone(container_id)
        with self._asking("go on with a container"):
            output = self._open_kept(container_id, follow=1)
            try:
                end = self._open_end(container_id, "not-running")
                return Resumed(output, end, partial(self._open_kept, container_id, follow=0))
            except BaseException:
                output.close()
                raise

    def serve_for_good(self, container_id: str) -> None:
        self._change(container_id, "set a container's restart policy", self._client.update_container, _UNLESS_STOPPED)

    def start_again(self, container_id: str) -> None:
        self._change(container_id, "start a container", self._client.start, {})

    def restart(self, container_id: str, grace: float) -> None:
        self._change(container_id, "restart a container", self._client.restart, {"timeout": math.ceil(grace)})

    def stop(self, container_id: str, grace: float) -> None:
        facts = self._ours(container_id)
        if facts is not None:
            with self._asking("stop a container"), suppress(NotFound):
                self._client.stop(facts["Id"], timeout=math.ceil(grace))

    def remove(self, container_id: str, grace: float) -> None:
        """Stop and remove it with its anonymous volumes; returns when the engine knows it no more."""
        facts = self._ours(container_id)
        if facts is None:
            return
        if grace > 0 and facts["State"]["Running"]:
            self.stop(container_id, grace)
        with self._asking("remove a container"):
            self._delete(facts["Id"])

    # --- inside `_asking`

    def _open_kept(self, container_id: str, *, follow: int) -> Held:
        with self._asking("read a container's output"):
            options = {"follow": follow, "stdout": 1, "stderr": 1}
            return Held(self._client.hold("GET", "/containers/{0}/logs", container_id, params=options))

    def _open_end(self, container_id: str, condition: str) -> Held:
        return Held(self._client.hold("POST", "/containers/{0}/wait", container_id, params={"condition": condition}))

    def _change(self, container_id: str, doing: str, change: Callable[..., object], options: _Facts) -> None:
        facts = self._ours(container_id)
        with self._asking(doing):
            try:
                if facts is not None:
                    change(facts["Id"], **options)
                    return
            except NotFound as error:
                raise _gone(container_id) from error
        raise _gone(container_id)

    def _create_named(self, name: str, arguments: _Facts) -> str | None:
        """Create a container of that name; None where another instance holds the name."""
        for _ in range(_CREATE_TRIES):
            try:
                return str(self._client.create_container(name=name, **arguments)["Id"])
            except APIError as error:
                if error.status_code != 409:
                    raise
            holder = self._look(name)
            if holder is not None and not self._is_ours(holder):
                return None
            if holder is not None:
                self._delete(holder["Id"])
        raise Trouble("NAME_TAKEN", f"the container name {name} is taken again and again")

    def _delete(self, container_id: str) -> None:
        try:
            self._client.remove_container(container_id, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409 or "in progress" not in words_of(error):
                raise
            with suppress(NotFound):
                self._client.wait(container_id, condition="removed")

    def _ours(self, container_id: str) -> _Facts | None:
        """Return what the engine says of our container, None when it is gone; Refusal for one that is not ours."""
        with self._asking("inspect a container"):
            facts = self._look(container_id)
            if facts is not None and not self._is_ours(facts):
                message = f"container {container_id[:12]} does not belong to this instance of lci: it is left alone"
                raise Refusal("CONTAINER_NOT_OURS", message)
            return facts

    def _look(self, id_or_name: str) -> _Facts | None:
        try:
            facts: _Facts = self._client.inspect_container(id_or_name)
        except NotFound:
            return None
        return facts

    def _is_ours(self, facts: _Facts) -> bool:
        return labels_of(facts).get(names.LABEL_INSTANCE) == self._instance


def _gone(container_id: str) -> Trouble:
    return Trouble("CONTAINER_GONE", f"container {container_id[:12]} is gone: somebody else removed it")
