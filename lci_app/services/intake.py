"""A webhook request, turned into recorded builds or into a reason why there are none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final, TypeVar

import trio

from lci_app.core import pull_request
from lci_app.core.delivery import Delivery, Verdict
from lci_app.core.matching import Matched, Passed, match, match_pull_request, of_repository, verdict_of
from lci_app.core.model import NewBuild, Trigger, Trust
from lci_app.core.payload import Malformed, is_signed, read_json, repository_urls
from lci_app.core.project import Project
from lci_app.core.pull_request import OtherAction, PullRequest, read_pull_request
from lci_app.core.push import Push, read_push
from lci_app.interfaces import Clock, NewDelivery, RecordedDelivery, Store
from lci_app.services.build_queue import BuildQueue
from lci_app.services.results import (
    BuildsQueued,
    DuplicateDelivery,
    Ignored,
    MalformedDelivery,
    NoSuchProject,
    Ponged,
    SignatureInvalid,
    WebhookAnswer,
)

WEBHOOK_SECRET: Final = "webhook_secret"  # noqa: S105 - the setting's name
MAX_DELIVERY_ID: Final = 200
# From this size on a body is checked and parsed in a thread: GitHub's largest takes a good part of a second.
_LARGE_BODY: Final = 128 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Signers:
    """Whose secrets fit a body: the global one, and those of projects that have their own."""

    shared: bool
    own: frozenset[int]
    with_own_secret: frozenset[int]

    def trusts(self, project: Project) -> bool:
        return project.id in self.own if project.id in self.with_own_secret else self.shared


@dataclass(frozen=True, slots=True)
class _News:
    """What a delivery tells of a repository: which projects it concerns, and what is built for one that it does."""

    delivery: NewDelivery
    urls: tuple[str, ...]
    full_name: str
    match: Callable[[Project], Matched | Passed]
    build: Callable[[Matched], NewBuild]


@dataclass
class Intake:
    store: Store
    queue: BuildQueue
    clock: Clock
    github_url: str
    _limiter: trio.CapacityLimiter = field(default_factory=lambda: trio.CapacityLimiter(2))

    async def deliver(
        self, *, event: str | None, delivery_id: str | None, signature: str | None, body: bytes, project: str | None
    ) -> WebhookAnswer:
        """Take one webhook request. What is answered with builds is on disk by then."""
        signers = await self._signers(body, signature)
        if not signers.shared and not signers.own:
            return SignatureInvalid()
        if not delivery_id or len(delivery_id) > MAX_DELIVERY_ID:
            return MalformedDelivery("X-GitHub-Delivery", f"must be given, with at most {MAX_DELIVERY_ID} characters")
        if not event:
            return MalformedDelivery("X-GitHub-Event", "must be given")
        document = await self._blocking(len(body), lambda: read_json(body))
        if isinstance(document, Malformed):
            return await self._refuse(NewDelivery(delivery_id, event), document)
        digest = await self._blocking(len(body), lambda: sha256(body).hexdigest())
        delivery = NewDelivery(delivery_id, event, repository=_repository_of(document), body_sha256=digest)
        match await self._blocking(len(body), lambda: _read(delivery, document)):
            case OtherAction(reason):
                return await self._nothing(delivery, reason)
            case Malformed() as malformed:
                return await self._refuse(delivery, malformed)
            case news:
                return await self._decide(news, signers, narrowed=project, size=len(body))

    async def is_signed(self, *, signature: str | None, body: bytes) -> bool:
        """Return whether the signature is of the global secret, or of any project's own."""
        signers = await self._signers(body, signature)
        return signers.shared or bool(signers.own)

    async def _signers(self, body: bytes, signature: str | None) -> _Signers:
        shared = await self.store.setting(WEBHOOK_SECRET)
        own = await self.store.webhook_secrets()

        def check() -> _Signers:
            fitting = frozenset(id_ for id_, secret in own.items() if is_signed(secret, body, signature))
            return _Signers(is_signed(shared or "", body, signature), fitting, frozenset(own))

        return await self._blocking(len(body) * (1 + len(own)), check)

    async def _blocking(self, size: int, function: Callable[[], T]) -> T:
        if size < _LARGE_BODY:
            return function()
        return await trio.to_thread.run_sync(function, limiter=self._limiter)

    async def _refuse(self, delivery: NewDelivery, malformed: Malformed) -> MalformedDelivery:
        await self._record(delivery, Verdict.MALFORMED, f"{malformed.field} {malformed.reason}.")
        return MalformedDelivery(malformed.field, malformed.reason)

    async def _nothing(self, delivery: NewDelivery, reason: str) -> WebhookAnswer:
        ping = delivery.event == "ping"
        verdict = Verdict.PING if ping else Verdict.EVENT
        recorded = await self._record(delivery, verdict, reason)
        if recorded.duplicate and not ping:
            return await self._duplicate(recorded)
        return Ponged() if ping else Ignored(verdict, reason)

    async def _decide(self, news: _News, signers: _Signers, *, narrowed: str | None, size: int) -> WebhookAnswer:
        delivery = news.delivery
        _, projects = await self.store.projects()
        named = [p for p in of_repository(news.urls, projects, self.github_url) if _is_meant(p, narrowed)]
        if not named:
            reason = f"No project builds {news.full_name or news.urls[0]}."
            recorded = await self._record(delivery, Verdict.UNKNOWN_REPOSITORY, reason)
            return await self._duplicate(recorded) if recorded.duplicate else NoSuchProject(reason)
        trusted = [project for project in named if signers.trusts(project)]
        if not trusted:
            return SignatureInvalid()
        # A push may hold ten thousands of files, and a filter many patterns.
        decided = await self._blocking(size, lambda: [news.match(project) for project in trusted])
        matched = [each for each in decided if isinstance(each, Matched)]
        if not matched:
            return await self._pass(delivery, [each for each in decided if isinstance(each, Passed)])
        meant = [each.project.id for each in matched]
        earlier = await self.store.earlier_pushes(delivery, meant)
        if earlier:
            return await self._replay(delivery, earlier, meant)
        return await self._queue(news, matched)

    async def _replay(
        self, delivery: NewDelivery, earlier: Sequence[Delivery], project_ids: Sequence[int]
    ) -> WebhookAnswer:
        """Build nothing: the delivery's id is not signed, so who has seen a push could send it under ever new ones."""
        reason = f"Delivery {earlier[-1].delivery_id} said the same, and its builds were queued then."
        recorded = await self._record(delivery, Verdict.REPLAY, reason, project_ids=project_ids)
        if recorded.duplicate:
            return await self._duplicate(recorded)
        found = [await self.store.build(build_id) for each in earlier for build_id in each.build_ids]
        placed = [
            await self.queue.place(build) for build in found if build is not None and build.project_id in project_ids
        ]
        return DuplicateDelivery(placed, Verdict.REPLAY, reason)

    async def _pass(self, delivery: NewDelivery, passed: Sequence[Passed]) -> WebhookAnswer:
        nearest = verdict_of(passed)
        recorded = await self._record(
            delivery, nearest.verdict, nearest.reason, project_ids=[each.project.id for each in passed]
        )
        if recorded.duplicate:
            return await self._duplicate(recorded)
        return Ignored(nearest.verdict, nearest.reason)

    async def _queue(self, news: _News, matched: Sequence[Matched]) -> WebhookAnswer:
        builds = [news.build(each) for each in matched]
        reason = f"{len(builds)} queued."
        recorded = await self._record(
            news.delivery, Verdict.QUEUED, reason, builds=builds, project_ids=[each.project.id for each in matched]
        )
        if recorded.duplicate:
            return await self._duplicate(recorded)
        self.queue.withdrawn(recorded.superseded)
        self.queue.announce(recorded.builds)
        return BuildsQueued([await self.queue.place(build) for build in recorded.builds])

    async def _record(
        self,
        delivery: NewDelivery,
        verdict: Verdict,
        reason: str,
        *,
        builds: Sequence[NewBuild] = (),
        project_ids: Sequence[int] = (),
    ) -> RecordedDelivery:
        return await self.store.record_delivery(
            delivery, verdict=verdict, reason=reason, builds=builds, project_ids=project_ids, at=self.clock.now()
        )

    async def _duplicate(self, recorded: RecordedDelivery) -> DuplicateDelivery:
        placed = [await self.queue.place(build) for build in recorded.builds]
        return DuplicateDelivery(placed, recorded.delivery.verdict, recorded.delivery.reason)


def _read(delivery: NewDelivery, document: Mapping[str, Any]) -> _News | OtherAction | Malformed:
    """Return what a delivery tells; OtherAction where it is nothing to build."""
    if delivery.event == "ping":
        return OtherAction("GitHub asks whether lci is there.")
    if delivery.event == "push":
        push = read_push(document)
        return push if isinstance(push, Malformed) else _of_push(push, delivery)
    if delivery.event == pull_request.EVENT:
        told = read_pull_request(document)
        return _of_pull_request(told, delivery) if isinstance(told, PullRequest) else told
    return OtherAction(f"lci does nothing on {delivery.event!r}.")


def _of_push(push: Push, delivery: NewDelivery) -> _News:
    def build(matched: Matched) -> NewBuild:
        return NewBuild(
            project_id=matched.project.id,
            trigger=Trigger.WEBHOOK,
            branch=matched.branch,
            queue_key=matched.project.queue_key(matched.branch, push.after),
            trust=Trust.TRUSTED,
            commit_hash=push.after,
            commit_message=push.message,
            commit_author=push.author,
            requested_by=str(Trigger.WEBHOOK),
            deploy=matched.project.settings.auto_deploy,
        )

    told = replace(delivery, repository=push.urls[0], ref=push.ref, before=push.before, after=push.after)
    return _News(told, push.urls, push.full_name, lambda project: match(push, project), build)


def _of_pull_request(asked: PullRequest, delivery: NewDelivery) -> _News:
    def build(matched: Matched) -> NewBuild:
        return NewBuild(
            project_id=matched.project.id,
            trigger=Trigger.PULL_REQUEST,
            branch=matched.branch,
            queue_key=matched.project.pull_request_key(matched.branch, asked.head_commit),
            trust=Trust.UNTRUSTED,
            commit_hash=asked.head_commit,
            commit_message=asked.title,
            commit_author=asked.author,
            requested_by=str(Trigger.WEBHOOK),
            pull_request=asked.number,
            needs_approval=asked.from_fork,
            deploy=False,
        )

    told = replace(delivery, repository=asked.urls[0], ref=asked.ref, before=asked.before, after=asked.head_commit)
    return _News(told, asked.urls, asked.full_name, lambda project: match_pull_request(asked, project), build)


def _is_meant(project: Project, narrowed: str | None) -> bool:
    return narrowed is None or narrowed in {str(project.id), project.name}


def _repository_of(document: Mapping[str, Any]) -> str:
    repository = document.get("repository")
    urls = repository_urls(repository) if isinstance(repository, Mapping) else ()
    return urls[0] if urls else ""
