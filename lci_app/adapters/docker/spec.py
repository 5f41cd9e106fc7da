"""A container in lci's words and in the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docker import APIClient

from lci_app.adapters.docker.box import Host, host_options
from lci_app.interfaces import ContainerSpec, ContainerState


def create_arguments(client: APIClient, spec: ContainerSpec, *, attached: bool, host: Host) -> dict[str, Any]:
    """Return what the SDK's `create_container` takes for `spec`, all but the name."""
    return {
        "image": spec.image,
        "command": None if spec.command is None else list(spec.command),
        "entrypoint": None if spec.entrypoint is None else list(spec.entrypoint),
        "environment": dict(spec.environment),
        "labels": dict(spec.labels),
        "working_dir": spec.working_directory,
        "user": spec.user,
        "ports": list(spec.ports),
        "host_config": host_options(client, spec, attached=attached, host=host),
        "use_config_proxy": False,
    }


def state_of(facts: Mapping[str, Any]) -> ContainerState:
    """Return what an answer to `inspect` says; KeyError or TypeError where it is no such answer."""
    state = facts["State"]
    health = state.get("Health")
    return ContainerState(
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        # Between two tries of its restart policy the engine calls a container running, too.
        running=state["Running"] and not state["Restarting"],
        exit_code=state["ExitCode"],
        out_of_memory=state["OOMKilled"],
        health=health["Status"] if health else None,
        labels=labels_of(facts),
        started_at=_timestamp(state["StartedAt"]),
        restart_count=facts["RestartCount"],
        paused=state["Paused"],
        restarting=state["Restarting"],
        environment=_environment_of(facts),
        is_started=state["Status"] != "created",
        networks=[each["NetworkID"] for each in facts["NetworkSettings"]["Networks"].values()],
    )


def labels_of(facts: Mapping[str, Any]) -> Mapping[str, str]:
    return facts["Config"]["Labels"] or {}


def _environment_of(facts: Mapping[str, Any]) -> Mapping[str, str]:
    pairs = (variable.partition("=") for variable in facts["Config"]["Env"] or ())
    return {name: value for name, _, value in pairs}


def _timestamp(nanoseconds: str) -> str:
    """Cut the engine's `2026-01-02T03:04:05.678901234Z` to milliseconds."""
    whole, _, fraction = nanoseconds.removesuffix("Z").partition(".")
    return f"{whole}.{fraction[:3]:0<3}Z"
