"""What is said where a branch is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dulwich.objects import ObjectID
from dulwich.refs import HEADREF, Ref

from lci_app.adapters.git.protocol import Refused, Request

_BRANCHES: Final = b"refs/heads/"
# A remote may say anything: of a longer name the beginning is shown.
_SHOWN: Final = 200


def no_branch(
    request: Request, place: str, refs: Mapping[Ref, ObjectID | None], symbolic: Mapping[Ref, Ref]
) -> Refused:
    """Return the refusal, which names the branch that the repository's own HEAD stands for, where there is one.

    In an empty repository it stands for a branch to come, and for no commit in `refs`.
    """
    told = f"{place} has no branch {request.branch!r}"
    head = symbolic.get(HEADREF, b"").removeprefix(_BRANCHES).decode("utf-8", "replace")[:_SHOWN]
    if head and refs.get(HEADREF) is not None:
        told += f"; its default branch is {head!r}"
    return Refused("BRANCH_NOT_FOUND", told)
