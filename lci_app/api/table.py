"""The one table of routes. Routing, policy, validation, the OpenAPI document and docs/api.md all derive from it."""

from __future__ import annotations

from typing import Final

from lci_app.api.dashboard import DASHBOARD
from lci_app.api.route import BYTES, EVENTS, HTML, JSON, TEXT, Exempt, Route
from lci_app.api.secret_routes import SECRET_ROUTES
from lci_app.api.table_accounts import ACCOUNTS
from lci_app.api.table_projects import PROJECTS
from lci_app.api.wire import builds, deployments, logs, projects, system
from lci_app.core.model import Scope

_READ, _DEPLOY, _ADMIN = Scope.READ, Scope.DEPLOY, Scope.ADMIN
_PROJECT: Final = "/api/projects/{project}"
_BUILD: Final = "/api/builds/{build_id}"

_BUILDS: Final = (
    Route(
        "GET",
        "/api/builds",
        "list_builds",
        _READ,
        "Builds, newest first",
        query=builds.BuildsQuery,
        answer=builds.BuildList,
    ),
    Route(
        "GET",
        f"{_PROJECT}/builds",
        "list_project_builds",
        _READ,
        "Builds of one project, newest first",
        query=builds.ProjectBuildsQuery,
        answer=builds.BuildList,
    ),
    Route(
        "POST",
        f"{_PROJECT}/builds",
        "trigger_build",
        _DEPLOY,
        "Queue a build, at once: the repository is asked by the build",
        body=builds.TriggerBody,
        answer=builds.QueuedBuild,
        status=202,
        idempotent=True,
    ),
    Route("GET", _BUILD, "show_build", _READ, "One build, its stages and its failure", answer=builds.BuildPage),
    Route("POST", f"{_BUILD}/cancel", "cancel_build", _DEPLOY, "Cancel a build", answer=builds.BuildDocument),
    Route(
        "POST",
        f"{_BUILD}/approve",
        "approve_build",
        _DEPLOY,
        "Let a build of a fork's pull request run; its commit is approved, and no later one",
        body=builds.ApprovalBody,
        answer=builds.BuildDocument,
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_BUILD}/rebuild",
        "rebuild",
        _DEPLOY,
        "Queue a new build of the same commit and parameters",
        answer=builds.QueuedBuild,
        status=202,
        idempotent=True,
    ),
    Route(
        "GET",
        f"{_BUILD}/logs",
        "show_log",
        _READ,
        "A page of its log; as events, stored lines then live ones, when text/event-stream is accepted",
        query=logs.LogQuery,
        answer=logs.LogPage,
        content=(JSON, EVENTS),
    ),
    Route(
        "GET",
        f"{_BUILD}/logs/search",
        "search_log",
        _READ,
        "The lines of its log that hold a text, or fit a regular expression",
        query=logs.LogSearchQuery,
        answer=logs.LogMatches,
    ),
    Route(
        "GET",
        f"{_BUILD}/logs/stages",
        "show_log_stages",
        _READ,
        "The line at which each stage begins in its log",
        answer=logs.LogStages,
    ),
    Route(
        "GET",
        f"{_BUILD}/logs/download",
        "download_log",
        _READ,
        "Its whole log as a file, every line with its timestamp",
        content=(TEXT,),
    ),
    Route(
        "GET",
        f"{_BUILD}/artifacts",
        "list_artifacts",
        _READ,
        "The files it kept",
        query=projects.ProjectsQuery,
        answer=system.ArtifactList,
    ),
    Route("GET", f"{_BUILD}/artifacts/{{path}}", "download_artifact", _READ, "One file it kept", content=(BYTES,)),
)

_WEBHOOK: Final = (
    Route(
        "POST",
        "/webhook/github",
        "receive_webhook",
        Exempt.SIGNATURE,
        "Take a delivery of GitHub, signed with X-Hub-Signature-256",
        query=deployments.WebhookQuery,
        answer=deployments.WebhookDocument,
        status=202,
        raw_body=True,
    ),
    Route(
        "GET",
        "/api/webhook/deliveries",
        "list_deliveries",
        _READ,
        "Deliveries with their verdict and reason, newest first",
        query=deployments.DeliveriesQuery,
        answer=deployments.DeliveryList,
    ),
    Route(
        "POST",
        "/api/webhook/deliveries/{delivery_id}/build",
        "build_delivery",
        _DEPLOY,
        "Build a delivery that was ignored",
        answer=builds.QueuedBuilds,
        status=202,
        idempotent=True,
    ),
)

_SERVICE: Final = (
    Route(
        "GET",
        "/api/settings/webhook-secret",
        "show_webhook_secret",
        _ADMIN,
        "The secret that GitHub's webhooks are signed with",
        answer=system.WebhookSecret,
    ),
    Route(
        "POST",
        "/api/settings/webhook-secret/rotate",
        "rotate_webhook_secret",
        _ADMIN,
        "Make a new webhook secret; deliveries signed with the old one are refused from now on",
        answer=system.WebhookSecret,
    ),
    Route("GET", "/api/settings", "show_settings", _READ, "The settings in force", answer=system.SettingsDocument),
    Route(
        "PUT",
        "/api/settings",
        "change_settings",
        _ADMIN,
        "Change settings; today every one is chosen when lci starts, so each field given is refused",
        answer=system.SettingsDocument,
    ),
    Route(
        "GET",
        "/api/system",
        "show_system",
        _READ,
        "Versions, Docker, uptime, disk and queue lengths",
        answer=system.SystemDocument,
    ),
    Route("GET", "/healthz", "healthz", Exempt.PROBE, "The process is up", answer=system.Alive),
    Route("GET", "/readyz", "readyz", Exempt.PROBE, "The database and Docker answer", answer=system.Ready),
    Route("GET", "/metrics", "metrics", _READ, "Prometheus metrics", content=(TEXT,)),
    Route("GET", "/openapi.json", "openapi", _READ, "This API as an OpenAPI document", content=(JSON,)),
    Route("GET", "/docs", "docs_page", Exempt.ASSET, "A page that shows /openapi.json", content=(HTML,)),
    Route("GET", "/static/{name}", "asset", Exempt.ASSET, "What the page of the API is made of", content=(BYTES,)),
    Route("GET", "/ws", "live_events", _READ, "Live events over WebSocket", content=(), websocket=True),
)

ROUTES: Final = (*PROJECTS, *SECRET_ROUTES, *_BUILDS, *_WEBHOOK, *ACCOUNTS, *_SERVICE, *DASHBOARD)
