"""Joins the route table to its handlers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import trio
from quart import websocket
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException

from lci_app.api.accounts import AccountPages
from lci_app.api.addresses import OwnAddresses
from lci_app.api.artifacts import ArtifactPages
from lci_app.api.audit_trail import AuditTrail
from lci_app.api.build_logs import LogPages
from lci_app.api.builds import BuildPages
from lci_app.api.dashboard import Dashboard
from lci_app.api.detection import DetectionPages
from lci_app.api.dispatch import REQUEST_ID, Dispatcher, SizedRequest, request_id_of
from lci_app.api.github_sign_in import GitHubPages
from lci_app.api.idempotency import Repeats
from lci_app.api.me import MePages
from lci_app.api.metrics import MetricsPages
from lci_app.api.needs import Addresses, Parts
from lci_app.api.pages import WebPages
from lci_app.api.policy import Guard, SignInWays
from lci_app.api.project_changes import ProjectChanges
from lci_app.api.project_limits import ProjectLimits
from lci_app.api.projects import ProjectPages
from lci_app.api.registries import RegistryPages
from lci_app.api.route import Handler, Route
from lci_app.api.runtime import RuntimePages
from lci_app.api.secrets import SecretPages
from lci_app.api.service import ServicePages
from lci_app.api.table import ROUTES
from lci_app.api.visitors import SUBPROTOCOL, Visitors
from lci_app.api.webhooks import WebhookPages
from lci_app.api.ws import Session
from lci_app.config import Config


def create_app(parts: Parts, config: Config, addresses: Addresses, stop: trio.Event) -> QuartTrio:
    """Return the whole management API. Once `stop` is set it ends its streams and takes nothing new."""
    app = QuartTrio("lci_app", static_folder=None)
    app.request_class = SizedRequest
    app.logger = logging.getLogger("lci_app.api.quart")
    app.url_map.merge_slashes = False
    own = OwnAddresses(addresses.dashboard_url, config.api_host)
    dispatcher = Dispatcher(
        Guard(parts.callers, _sign_in_ways(parts), parts.clock, own, config.webhook_addresses),
        AuditTrail(parts.store, parts.clock),
        ProjectLimits(parts.store),
        Repeats(parts.store, parts.clock),
        Visitors(own, config.trusted_proxies),
        stop,
    )
    dashboard = Dashboard()
    resources = [*_resources(parts, config, addresses, stop), dashboard]
    for route in ROUTES:
        if route.websocket:
            _add_websocket(app, route, dispatcher, parts, stop)
        else:
            _add(app, route, dispatcher, _handler(route, resources))
    app.register_error_handler(HTTPException, partial(dispatcher.refuse, lost_page=dashboard.lost_page))
    return app


def _sign_in_ways(parts: Parts) -> SignInWays:
    async def ways() -> Mapping[str, bool]:
        set_up = not await parts.store.has_users()
        return {"password": True, "github": await parts.github.is_set_up(), "set_up": set_up}  # nosec B105

    return ways


def _resources(parts: Parts, config: Config, addresses: Addresses, stop: trio.Event) -> list[object]:
    store, clock, orders, runtime = parts.store, parts.clock, parts.orders, parts.runtime
    return [
        ProjectPages(store, clock, parts.projects, runtime, ProjectChanges(store, parts.is_own_path), addresses),
        RuntimePages(store, clock, runtime, orders, addresses, stop),
        BuildPages(store, orders, parts.scheduler, parts.approvals),
        LogPages(store, parts.logs, parts.pages, parts.hub, stop),
        ArtifactPages(store, config.data_dir),
        WebhookPages(store, parts.intake, orders),
        MePages(store, clock, parts.sign_in, parts.people),
        AccountPages(store, clock, parts.people),
        GitHubPages(parts.github, addresses),
        MetricsPages(store, clock, parts.traffic),
        ServicePages(parts, config, addresses),
        SecretPages(store, clock, parts.secrets),
        DetectionPages(parts.detector),
        RegistryPages(store, clock),
        WebPages(ROUTES),
    ]


def _handler(route: Route, resources: Iterable[object]) -> Handler:
    """Return the method that is named like the route's operation; that there is one is found out at the start."""
    for resource in resources:
        handler: Handler | None = getattr(resource, route.operation, None)
        if handler is not None:
            return handler
    raise LookupError(f"no handler for the operation {route.operation}")


def _add(app: QuartTrio, route: Route, dispatcher: Dispatcher, handler: Handler) -> None:
    async def view(**path: str) -> TrioResponse:
        return await dispatcher.serve(route, handler, path)

    app.add_url_rule(_rule(route), route.operation, view, methods=[route.method], provide_automatic_options=False)


def _add_websocket(app: QuartTrio, route: Route, dispatcher: Dispatcher, parts: Parts, stop: trio.Event) -> None:
    async def view(**_: Any) -> TrioResponse | None:
        caller = await dispatcher.admit_websocket(route)
        if isinstance(caller, TrioResponse):
            return caller
        offered = websocket.requested_subprotocols
        await websocket.accept(
            headers={REQUEST_ID: request_id_of(websocket.headers)},
            subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
        )
        await Session(websocket, dispatcher.viewer(caller), parts, stop).run()
        return None

    app.add_websocket(_rule(route), route.operation, view)


def _rule(route: Route) -> str:
    """Return the path as Quart writes it; only `{path}` may hold slashes."""
    return route.path.replace("{path}", "<path:path>").replace("{", "<").replace("}", ">")
