"""What a repository seems to be, for whoever sets up a project of it."""

from __future__ import annotations

from lci_app.api import problem
from lci_app.api.needs import Detector
from lci_app.api.route import Call, Reply
from lci_app.api.wire.detection import DetectBody, DetectedDocument, FindingDocument, PastCommitDocument
from lci_app.core.detection.tree import Finding
from lci_app.services.detector import NotReached, Question


class DetectionPages:
    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    async def detect(self, call: Call) -> Reply:
        body = call.body_as(DetectBody)
        looked = await self._detector.look(
            Question(
                repo=body.repo,
                branch=body.branch,
                folder=body.working_directory,
                path_filter=body.path_filter,
                token=body.repo_token,
            )
        )
        if isinstance(looked, NotReached):
            raise problem.invalid(looked.field, looked.reason)
        return Reply(
            DetectedDocument(
                commit_hash=looked.commit_hash,
                plan=[_document(finding) for finding in looked.detected.plan],
                notes=list(looked.detected.notes),
                directories=looked.folders,
                commits=[PastCommitDocument.of(commit, judged) for commit, judged in looked.commits],
            )
        )


def _document(finding: Finding) -> FindingDocument:
    value = list(finding.value) if isinstance(finding.value, tuple) else finding.value
    return FindingDocument(field=finding.field, value=value, reason=finding.reason)
