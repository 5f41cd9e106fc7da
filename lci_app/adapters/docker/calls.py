"""Everything lci asks of the engine, as blocking calls: they run in threads, from any number of them at a time.

Each raises Trouble or Refusal alone. Those that change a container look at its label first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from docker.errors import APIError, ImageNotFound, NotFound

from lci_app.adapters.docker.client import SdkClient
from lci_app.adapters.docker.errors import pull_error, words_of
from lci_app.adapters.docker.held import Held
from lci_app.adapters.docker.images import IDLE_SECONDS, pull_options
from lci_app.adapters.docker.outputs import OutputCalls
from lci_app.adapters.docker.reach import Facts, gone
from lci_app.adapters.docker.spec import create_arguments, state_of
from lci_app.core import names
from lci_app.core.registries import RegistryLogin
from lci_app.core.subnets import NetworkKind, SeenNetwork
from lci_app.interfaces import ContainerSpec, ContainerState, EngineFacts, Trouble

_CREATE_TRIES: Final = 4
# The engine answers a ping within a millisecond; one that needs longer than this, in seconds, hangs.
PING_SECONDS: Final = 3.0
_UNLESS_STOPPED: Final = {"restart_policy": {"Name": "unless-stopped"}}


class EngineCalls(OutputCalls):
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

    def version(self) -> str:
        with self._asking("say its version"):
            return str(self._client.version()["Version"])

    def facts(self) -> EngineFacts:
        with self._asking("say what it is"):
            told = self._client.info()
            return EngineFacts(
                str(told["ServerVersion"]), bool(told.get("LiveRestoreEnabled")), str(told.get("SystemTime", ""))
            )

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

    def networks(self) -> list[SeenNetwork]:
        with self._asking("list networks"):
            return self._networks.seen()

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

    def _change(self, container_id: str, doing: str, change: Callable[..., object], options: Facts) -> None:
        facts = self._ours(container_id)
        with self._asking(doing):
            try:
                if facts is not None:
                    change(facts["Id"], **options)
                    return
            except NotFound as error:
                raise gone(container_id) from error
        raise gone(container_id)

    def _create_named(self, name: str, arguments: Facts) -> str | None:
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
