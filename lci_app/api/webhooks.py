"""GitHub's deliveries: each answered by the table of the contract, and those that came."""

from __future__ import annotations

from collections.abc import Sequence

from lci_app.api import problem
from lci_app.api.needs import Intake, Orders
from lci_app.api.problem import Problem
from lci_app.api.route import Call, Reply, whole_number
from lci_app.api.validation import query_of
from lci_app.api.wire.builds import QueuedBuild, QueuedBuilds
from lci_app.api.wire.deployments import DeliveriesQuery, DeliveryList, WebhookDocument, WebhookQuery
from lci_app.interfaces import Placed, Store
from lci_app.services.results import (
    BuildsQueued,
    DuplicateDelivery,
    Ignored,
    Invalid,
    MalformedDelivery,
    NoSuchProject,
    Ponged,
    SignatureInvalid,
)


class WebhookPages:
    def __init__(self, store: Store, intake: Intake, orders: Orders) -> None:
        self._store = store
        self._intake = intake
        self._orders = orders

    async def receive_webhook(self, call: Call) -> Reply:
        signature = call.headers.get("X-Hub-Signature-256")
        answer = await self._intake.deliver(
            event=call.headers.get("X-GitHub-Event"),
            delivery_id=_text(call.headers.get("X-GitHub-Delivery")),
            signature=signature,
            body=call.raw,
            project=(await self._query(call, signature)).project,
        )
        match answer:
            case BuildsQueued(placed):
                return Reply(WebhookDocument(builds=[QueuedBuild.of(each) for each in placed]), 202)
            case DuplicateDelivery(placed, _, reason):
                builds = [QueuedBuild.of(each) for each in placed]
                return Reply(WebhookDocument(builds=builds, ignored="duplicate", reason=reason))
            case Ignored(verdict, reason):
                return Reply(WebhookDocument(builds=[], ignored=verdict, reason=reason))
            case Ponged():
                return Reply(WebhookDocument(builds=[], reason="lci is here."))
            case SignatureInvalid():
                raise problem.signature_invalid()
            case NoSuchProject(message):
                raise problem.no_project_of_repository(message)
            case MalformedDelivery(field, reason):
                raise problem.invalid(field, reason)

    async def _query(self, call: Call, signature: str | None) -> WebhookQuery:
        """Return the delivery's query; what is wrong with it is told to nobody but who knows the secret."""
        try:
            return query_of(WebhookQuery, call.parameters)
        except Problem:
            if not await self._intake.is_signed(signature=signature, body=call.raw):
                raise problem.signature_invalid() from None
            raise

    async def list_deliveries(self, call: Call) -> Reply:
        query = call.query_as(DeliveriesQuery)
        total, deliveries = await self._store.deliveries(
            project_id=query.project_id, limit=query.limit, offset=query.offset, before_id=query.before_id
        )
        return Reply(DeliveryList.of(total, deliveries))

    async def build_delivery(self, call: Call) -> Reply:
        text = call.path["delivery_id"]
        row_id = whole_number(text)
        if row_id is None or await self._store.delivery(row_id) is None:
            raise problem.no_such_delivery(text)
        answer = await self._orders.build_delivery(row_id, by=call.caller.name, once=call.once(_queued))
        match answer:
            case BuildsQueued(placed):
                return _queued(placed)
            case NoSuchProject(message):
                raise problem.no_project_of_repository(message)
            case Invalid(field, reason):
                raise problem.invalid(field, reason)


def _queued(placed: Sequence[Placed]) -> Reply:
    return Reply(QueuedBuilds.of(placed), 202)


def _text(header: str | None) -> str | None:
    """Return what a header says: any text, whose bytes are UTF-8 where they can be, else Latin-1, as they were read."""
    if header is None:
        return None
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header
