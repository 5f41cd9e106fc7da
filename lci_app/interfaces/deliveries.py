"""What the services need to keep of webhook requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.model import Build, NewBuild, Timestamp


@dataclass(frozen=True, slots=True)
class NewDelivery:
    delivery_id: str
    event: str
    repository: str = ""
    ref: str = ""
    before: str = ""
    after: str = ""
    body_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RecordedDelivery:
    """`duplicate`: the id was known; then `delivery` and `builds` are those of the first time.

    `superseded` were queued for the same pull request, and are Cancelled now.
    """

    delivery: Delivery
    builds: Sequence[Build]
    duplicate: bool
    superseded: Sequence[Build] = ()


class DeliveryStore(Protocol):
    async def record_delivery(
        self,
        delivery: NewDelivery,
        *,
        verdict: Verdict,
        reason: str,
        builds: Sequence[NewBuild],
        project_ids: Sequence[int],
        at: Timestamp,
    ) -> RecordedDelivery:
        """Keep a delivery and queue its builds, in one transaction; an id that is known changes nothing.

        One that was known only as of an unknown repository is decided anew: it may be delivered again by hand. What of
        a pull request has not begun is cancelled by its next build.
        """

    async def earlier_pushes(self, delivery: NewDelivery, project_ids: Sequence[int]) -> list[Delivery]:
        """Return the deliveries of which this push is a replay; none for one that may be news.

        By them each of these projects was to build the same, and either the branch has moved on since, or the very same
        body came. A push that begins where the branch was seen last is news: a branch that went back may come again.
        """

    async def delivery(self, row_id: int) -> Delivery | None: ...

    async def deliveries(
        self, *, project_id: int | None, limit: int, offset: int, before_id: int | None = None
    ) -> tuple[int, list[Delivery]]: ...
