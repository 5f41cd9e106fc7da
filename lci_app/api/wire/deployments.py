"""The history of deployments, and the webhook's deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from lci_app.api.wire.base import Answer, GrowingPage, Id, Query
from lci_app.api.wire.builds import HealthCheckDocument, QueuedBuild
from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.model import Deployment, DeploymentOutcome, Slot, Timestamp, Trigger

DeploymentsQuery = GrowingPage


class Receipt(Answer):
    """What became of the requests in flight when traffic was last switched between this version and the one before.

    `finished`: answered whole, or given up by their visitors. `cut`: not finished in `drain_timeout`, or broken off.
    """

    in_flight: int
    finished: int
    cut: int


class DeploymentDocument(Answer):
    """One try to put a version into a slot; `outcome` is null while it is under way."""

    id: int
    project_id: int
    build_id: int
    build_number: int
    commit_hash: str | None
    slot: Slot
    outcome: DeploymentOutcome | None
    reason: str
    trigger: Trigger
    requested_by: str
    health_checks: list[HealthCheckDocument]
    container_log: list[str]
    started_at: Timestamp
    switched_at: Timestamp | None
    finished_at: Timestamp | None
    receipt: Receipt | None

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        return cls(
            id=deployment.id,
            project_id=deployment.project_id,
            build_id=deployment.build_id,
            build_number=deployment.build_number,
            commit_hash=deployment.commit_hash,
            slot=deployment.slot,
            outcome=deployment.outcome,
            reason=deployment.reason,
            trigger=deployment.trigger,
            requested_by=deployment.requested_by,
            health_checks=[HealthCheckDocument.of(each) for each in deployment.health_checks],
            container_log=list(deployment.container_log),
            started_at=deployment.started_at,
            switched_at=deployment.switched_at,
            finished_at=deployment.finished_at,
            receipt=None if deployment.receipt is None else Receipt.model_validate(deployment.receipt),
        )


class DeploymentList(Answer):
    total: int
    deployments: list[DeploymentDocument]

    @classmethod
    def of(cls, total: int, deployments: Sequence[Deployment]) -> Self:
        return cls(total=total, deployments=[DeploymentDocument.of(each) for each in deployments])


class DeliveriesQuery(GrowingPage):
    project_id: Id | None = None


class DeliveryDocument(Answer):
    id: int
    delivery_id: str
    event: str
    received_at: Timestamp
    verdict: Verdict
    reason: str
    repository: str
    ref: str
    before: str
    after: str
    project_ids: list[int]
    build_ids: list[int]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        return cls(
            id=delivery.id,
            delivery_id=delivery.delivery_id,
            event=delivery.event,
            received_at=delivery.received_at,
            verdict=delivery.verdict,
            reason=delivery.reason,
            repository=delivery.repository,
            ref=delivery.ref,
            before=delivery.before,
            after=delivery.after,
            project_ids=list(delivery.project_ids),
            build_ids=list(delivery.build_ids),
        )


class DeliveryList(Answer):
    total: int
    deliveries: list[DeliveryDocument]

    @classmethod
    def of(cls, total: int, deliveries: Sequence[Delivery]) -> Self:
        return cls(total=total, deliveries=[DeliveryDocument.of(each) for each in deliveries])


class WebhookQuery(Query):
    """`project` narrows a delivery to one project, by its id or name."""

    project: str | None = None


class WebhookDocument(Answer):
    """What a delivery did. `ignored` says in a word why it built nothing, `reason` in a sentence."""

    builds: list[QueuedBuild]
    ignored: str | None = None
    reason: str | None = None
