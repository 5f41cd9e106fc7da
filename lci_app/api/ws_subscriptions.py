"""What one WebSocket connection listens to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import trio

from lci_app.api.log_follow import LogFollower
from lci_app.api.shared_pages import Page
from lci_app.api.wire.logs import log_message
from lci_app.core.events import BuildStatusChanged, Published, Subscription
from lci_app.core.lifecycle import FINAL
from lci_app.core.model import Build, Timestamp


class WatchedBuild:
    """A build whose log goes to the client."""

    def __init__(self, build: Build, follower: LogFollower, batch: bool) -> None:
        self.id = build.id
        self.project_id = build.project_id
        self.follower = follower
        # Only waiting is cancelled: a message that is half out stays whole.
        self._waiting = trio.CancelScope()
        self._batch = batch
        # What the client knows of the status; and the final one, kept back until the last line is sent.
        self._told = build.status
        self._final: BuildStatusChanged | None = None
        self.left = False

    def keeps_back(self, event: BuildStatusChanged) -> bool:
        """Return whether the event is the build's last, which comes after its log."""
        self.follower.wake()
        if event.status in FINAL:
            self._final = event
        return event.status in FINAL

    def is_news(self, event: BuildStatusChanged) -> bool:
        """Return whether the client has yet to hear of this status."""
        if self._told in FINAL or event.status is self._told:
            return False
        self._told = event.status
        return True

    def leave(self) -> BuildStatusChanged | None:
        """End the subscription, between two messages; returns the final status where it was kept back until now."""
        self.left = True
        self._waiting.cancel()
        return self._final

    def final_event(self, build: Build, now: Timestamp) -> BuildStatusChanged:
        """Return what ends the subscription; `previous_status` is null where the build had ended before it began."""
        final, self._final = self._final, None
        if final is not None:
            return final
        return BuildStatusChanged(
            timestamp=build.finished_at or now,
            build_id=build.id,
            project_id=build.project_id,
            project_name=build.project_name,
            build_number=build.build_number,
            status=build.status,
            previous_status=None if self._told in FINAL else self._told,
        )

    async def next_page(self) -> Page | None:
        """Return the next lines, waiting for them; None where no more will come, or the client has left."""
        if not self.left:
            with trio.CancelScope() as self._waiting:
                return await self.follower.next_page()
        return None

    def messages(self, page: Page) -> Iterator[str]:
        """Yield the lines as they are sent, for as long as the client wants them."""
        if self._batch and not self.left:
            yield page.batch(self.id)
            return
        for record in page.records:
            if self.left:
                return
            yield log_message(self.id, self.project_id, record)


class Subscriptions:
    def __init__(self) -> None:
        self._builds: dict[int, WatchedBuild] = {}
        self._projects: set[int] = set()
        self._everything = False

    def __len__(self) -> int:
        return len(self._builds) + len(self._projects) + self._everything

    def __contains__(self, wanted: Subscription) -> bool:
        match wanted.target:
            case "build":
                return wanted.build_id in self._builds
            case "project":
                return wanted.project_id in self._projects
            case "global":
                return self._everything

    def add(self, wanted: Subscription) -> None:
        if wanted.target == "global":
            self._everything = True
        elif wanted.project_id is not None:
            self._projects.add(wanted.project_id)

    def watch(self, watched: WatchedBuild) -> None:
        """Watch a build; a build that was watched before is read anew."""
        before = self._builds.get(watched.id)
        if before is not None:
            before.leave()
        self._builds[watched.id] = watched

    def remove(self, wanted: Subscription) -> BuildStatusChanged | None:
        """End a subscription, where there is one; returns a status that it kept back from the other subscriptions."""
        if wanted.target == "global":
            self._everything = False
        elif wanted.target == "project":
            self._projects.discard(wanted.project_id or 0)
        elif (watched := self._builds.pop(wanted.build_id or 0, None)) is not None:
            return watched.leave()
        return None

    def keeps_back(self, event: BuildStatusChanged) -> bool:
        watched = self._builds.get(event.build_id)
        return watched is not None and watched.keeps_back(event)

    def hear(self, event: Published) -> bool:
        """Return whether any subscription is told of this event."""
        return any(kind in event.audience for kind in self._kinds(event))

    def _kinds(self, event: Published) -> Iterable[str]:
        watched = self._builds.get(getattr(event, "build_id", None) or 0)
        if watched is not None and (not isinstance(event, BuildStatusChanged) or watched.is_news(event)):
            yield "build"
        if self._everything:
            yield "global"
        if getattr(event, "project_id", None) in self._projects:
            yield "project"
