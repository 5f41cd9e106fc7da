"""What comes back from the outside, whoever fulfils `interfaces`: errors, and what a drain of the data plane has seen.

An adapter turns everything foreign into `Trouble` (the machine's: worth one more try) or `Refusal` (the project's: its
image does not exist, its commit is gone, its tree holds what lci does not take). Each carries a `code` for programs and
a sentence for people.

A worker of the data plane needs no more than this; `interfaces` would bring it models that take 13 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

from lci_app.core.codes import OutsideCode


class OutsideError(Exception):
    """Something outside said no. `str(error)` is one sentence for people, without any secret."""

    def __init__(self, code: OutsideCode, message: str) -> None:
        super().__init__(message)
        self.code: OutsideCode = code


class Trouble(OutsideError):
    """The machine's fault (engine, disk, network): not the project's, and worth another try."""


class Refusal(OutsideError):
    """The project's fault: trying again will not help."""


@dataclass(frozen=True, slots=True)
class DrainReceipt:
    """What became of the requests that were in flight on a version when its traffic was switched away.

    `finished`: answered whole, or given up by their visitors. `cut`: by the drain, or broken off by the service.
    """

    in_flight: int
    finished: int
    cut: int
