"""The routes of projects: what they are, what of them runs, and how it came there."""

from __future__ import annotations

from typing import Final

from lci_app.api.route import EVENTS, JSON, Route
from lci_app.api.wire import builds, deployments, detection, projects
from lci_app.core.model import Scope

_READ, _DEPLOY, _ADMIN = Scope.READ, Scope.DEPLOY, Scope.ADMIN
_PROJECT: Final = "/api/projects/{project}"

PROJECTS: Final = (
    Route(
        "POST",
        "/api/detect",
        "detect",
        _ADMIN,
        "Look at a repository: what it seems to be, and which of its last commits would be built; registers nothing",
        body=detection.DetectBody,
        answer=detection.DetectedDocument,
    ),
    Route(
        "GET",
        "/api/projects",
        "list_projects",
        _READ,
        "All projects, by name, with their last build and the live state of their slots",
        query=projects.ProjectsQuery,
        answer=projects.ProjectList,
    ),
    Route(
        "POST",
        "/api/projects",
        "create_project",
        _ADMIN,
        "Register a project",
        body=projects.ProjectCreate,
        answer=projects.ProjectDocument,
        status=201,
        idempotent=True,
    ),
    Route("GET", _PROJECT, "show_project", _READ, "One project, with its ETag", answer=projects.ProjectDocument),
    *(
        Route(
            method,
            _PROJECT,
            f"{verb}_project",
            _ADMIN,
            "Change the fields given, guarded by If-Match where that is given; counts from the next build",
            body=projects.ProjectUpdate,
            answer=projects.ProjectDocument,
        )
        for method, verb in (("PUT", "update"), ("PATCH", "patch"))
    ),
    Route(
        "DELETE",
        _PROJECT,
        "delete_project",
        _ADMIN,
        "Cancel its builds and remove it with all that it has: containers, images, networks, files, rows",
        answer=projects.DeletedDocument,
    ),
    Route("GET", f"{_PROJECT}/status", "show_status", _READ, "Both slots as they are", answer=projects.StatusDocument),
    Route(
        "POST",
        f"{_PROJECT}/switch",
        "switch",
        _DEPLOY,
        "Switch the traffic to the other slot, where a healthy version runs",
        body=projects.SwitchBody,
        answer=projects.StatusDocument,
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_PROJECT}/rollback",
        "rollback",
        _DEPLOY,
        "Deploy a kept build again without building, and turn automatic deployment off",
        body=projects.RollbackBody,
        answer=builds.QueuedRollback,
        status=202,
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_PROJECT}/auto-deploy",
        "set_auto_deploy",
        _ADMIN,
        "Turn automatic deployment on or off",
        body=projects.AutoDeployBody,
        answer=projects.ProjectDocument,
    ),
    Route(
        "POST",
        f"{_PROJECT}/restart",
        "restart",
        _DEPLOY,
        "Restart a slot's container; the active one's, where none is named",
        body=projects.RestartBody,
        answer=projects.StatusDocument,
        idempotent=True,
    ),
    *(
        Route(
            "POST",
            f"{_PROJECT}/{verb}",
            verb,
            _DEPLOY,
            f"{verb.capitalize()} the runtime containers",
            answer=projects.StatusDocument,
            idempotent=True,
        )
        for verb in ("stop", "start")
    ),
    Route(
        "POST",
        f"{_PROJECT}/maintenance",
        "set_maintenance",
        _ADMIN,
        "Answer its visitors 503 with a message, or serve them again",
        body=projects.MaintenanceBody,
        answer=projects.StatusDocument,
    ),
    Route(
        "GET",
        f"{_PROJECT}/deployments",
        "list_deployments",
        _READ,
        "Its deployments, newest first, failed ones too",
        query=deployments.DeploymentsQuery,
        answer=deployments.DeploymentList,
    ),
    Route(
        "GET",
        f"{_PROJECT}/runtime-logs",
        "show_runtime_log",
        _READ,
        "The output of its container; as events when text/event-stream is accepted",
        query=projects.RuntimeLogQuery,
        answer=projects.RuntimeLog,
        content=(JSON, EVENTS),
    ),
)
