"""Brings one commit into a mirror."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dulwich.client import FetchPackResult, GitClient
from dulwich.errors import GitProtocolError, HangupException
from dulwich.objects import ObjectID
from dulwich.refs import HEADREF, Ref
from dulwich.repo import Repo

from lci_app.adapters.git.address import Address
from lci_app.adapters.git.branches import no_branch
from lci_app.adapters.git.http_remote import HttpRemote
from lci_app.adapters.git.mirror import HeldCommits
from lci_app.adapters.git.progress import Progress, size
from lci_app.adapters.git.protocol import SURVEYED_COMMITS, Refused, Request, Troubled
from lci_app.adapters.git.remote import RemoteError
from lci_app.adapters.git.ssh_remote import SshRemote, open_ssh

_MAX_PACK: Final = 8 * 1024**3  # bytes
_MAX_SURVEY: Final = 512 * 1024**2  # bytes
_WHOLE_HISTORY: Final = 0x7FFFFFFF  # what git itself asks for to undo a shallow fetch
_NEWEST_PROTOCOL: Final = 2

Wants = Callable[[Mapping[Ref, ObjectID]], ObjectID | None]


class Fetch:
    """One fetch for one request, into a mirror that is open.

    Raises Refused, Troubled, and OSError of the disk.
    """

    def __init__(self, mirror: Repo, address: Address, request: Request, tell: Callable[[str], None]) -> None:
        self._mirror = mirror
        self._address = address
        self._request = request
        self._progress = Progress(tell)

    def run(self) -> ObjectID:
        """Fetch the commit asked for, else the branch's head, and return which it is."""
        self._progress.tell(f"Fetching {self._what()} from {self._address.shown}")
        wanted = self._request.commit
        with self._remote() as remote:
            commit = self._head(remote) if wanted is None else self._exact(remote, ObjectID(wanted.encode("ascii")))
        progress = self._progress
        progress.tell(f"Fetched {commit.decode()[:12]}: {size(progress.received)} in {progress.seconds:.1f} s")
        return commit

    def _what(self) -> str:
        return f"branch {self._request.branch}" if self._request.commit is None else self._request.commit[:12]

    def _head(self, remote: GitClient) -> ObjectID:
        heads: list[ObjectID] = []

        def wants(refs: Mapping[Ref, ObjectID]) -> ObjectID | None:
            head = refs.get(self._ref())
            if head is not None:
                heads.append(head)
            return head

        # One more than are told of, since what a commit changed is seen by the one before it.
        result = self._fetch(remote, wants, SURVEYED_COMMITS + 1 if self._request.survey else 1)
        if not heads:
            raise no_branch(self._request, self._address.shown, result.refs, result.symrefs)
        return heads[0]

    def _exact(self, remote: GitClient, commit: ObjectID) -> ObjectID:
        try:
            self._fetch(remote, lambda _: commit, 1)
        except RemoteError as error:
            if not error.unknown_object:
                raise
            # The first protocols give only what a branch points at; then the commit is sought behind the ref.
            if remote.protocol_version != _NEWEST_PROTOCOL:
                self._fetch(remote, lambda refs: refs.get(self._ref()), _WHOLE_HISTORY)
        if commit not in self._mirror.object_store:
            raise Refused(
                "COMMIT_NOT_FOUND",
                f"commit {commit.decode()} is gone from {self._address.shown}: "
                "a forced push or a deleted branch has removed it; push again, or build the branch's head",
            )
        return commit

    def _ref(self) -> Ref:
        return Ref(self._request.ref_name)

    def _fetch(self, remote: GitClient, wants: Wants, depth: int) -> FetchPackResult:
        """Fetch what is wanted and lacking. Of its refs the remote tells at least the branch, and HEAD."""
        store = self._mirror.object_store
        most = _MAX_SURVEY if self._request.survey else _MAX_PACK

        def determine(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del depth
            wanted = wants(refs)
            return [] if wanted is None or wanted in store else [wanted]

        file, commit, abort = store.add_pack()

        def take(data: bytes) -> int:
            self._progress.bytes_received(len(data))
            if self._progress.received > most:
                what = "a look at it" if self._request.survey else "one commit"
                raise Refused("UNSAFE_TREE", f"{self._address.shown} sends more than {size(most)} for {what}")
            return file.write(data)

        try:
            result = remote.fetch_pack(
                self._path(),
                determine,
                HeldCommits(self._mirror),
                take,
                progress=self._progress.remote_says,
                depth=depth,
                ref_prefix=[self._ref(), HEADREF],
            )
        except BaseException:
            abort()
            raise
        try:
            commit()
        except BufferError as error:
            # The pack could not be closed, since the error that matters still looks into it.
            raise error.__context__ or error from None
        self._mirror.update_shallow(result.new_shallow, result.new_unshallow)
        return result

    def _path(self) -> str:
        return self._address.path if self._address.scheme == "ssh" else ""

    @contextmanager
    def _remote(self) -> Iterator[HttpRemote | SshRemote]:
        place = self._address.shown
        request = self._request
        try:
            if self._address.scheme == "ssh":
                known_hosts = Path(request.mirror).parent / "known_hosts"
                with open_ssh(self._address, request.deploy_key, known_hosts) as ssh:
                    yield ssh
            else:
                remote = HttpRemote(self._address, request.token, branches=request.commit is None)
                try:
                    yield remote
                finally:
                    remote.close()
        except RemoteError as error:
            raise error.judged(place) from error
        except HangupException as error:
            raise Troubled("REPOSITORY_UNREACHABLE", f"{place} hung up in the middle of its answer") from error
        except GitProtocolError as error:
            raise Troubled("REPOSITORY_UNREACHABLE", f"{place} does not speak git's protocol: {error}") from error
