"""What the paper says of a build's fields, and how an examiner watches one."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.contract.asking import Examiner
from tests.whole.service import ENDED, Service, WaitLoop

FIELDS = {"id", "project_id", "project_name", "build_number", "status", "trigger", "branch", "commit_hash",
          "commit_message", "commit_author", "queue_key", "parameters", "deployed_slot", "health_check_attempts",
          "queued_at", "started_at", "finished_at", "duration_seconds"}  # fmt: skip


QUEUED = {"build_id", "build_number", "project_id", "status", "queue_key", "queue_position"}


STAGE = {"name", "status", "started_at", "finished_at", "duration_seconds", "error"}


FAILURE = {"kind", "stage", "code", "message", "exit_code", "log_line"}


CHECK = {"attempt", "at", "url", "status", "error", "ms", "body"}


DEPLOYMENT = {"build_id", "slot", "outcome", "reason", "started_at", "finished_at"}


NEVER = "sleep 1000"


def containers(build_id: int, service: Service) -> list[str]:
    """Return what Docker holds of this build, running or not."""
    source = subprocess.run(
        ["docker", "ps", "-a", "--no-trunc", "--filter", f"label=lci.build_id={build_id}", "--format",
         '{{.ID}} {{.Names}} {{.Label "lci.role"}} {{.Mounts}}'],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    ours = service.get("/api/projects")  # the engine is shared: ask for our own instance's objects only
    names = {each["name"] for each in ours["projects"]}
    found = []
    for line in source.splitlines():
        _, name, role, *mounts = line.split(" ")
        mounted = str(service.data_dir) in " ".join(mounts)
        if mounted or (role == "runtime" and any(name.startswith(f"lci-{each}-") for each in names)):
            found.append(line)
    return found


def until_ended(ask: Examiner, build_id: int) -> tuple[Any, list[str]]:
    """Ask without a pause until the build has ended; the build, and the statuses seen on the way."""
    seen: list[str] = []
    waiting = WaitLoop(f"the end of build {build_id}", pause=0.002)
    while True:
        build = ask("GET", f"/api/builds/{build_id}").data
        if not seen or seen[-1] != build["status"]:
            seen.append(build["status"])
        if build["status"] in ENDED:
            return build, seen
        waiting.again()
