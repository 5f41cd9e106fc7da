"""The whole API, asked what its own document allows and what it does not; the long run is `scripts/fuzz`."""

from __future__ import annotations

from tests.api.fuzzing import fuzz


def test_no_answer_is_an_error_unknown_to_the_document_or_for_somebody_else() -> None:
    statuses = fuzz(1_000)
    assert statuses.total() >= 1_000
    assert {200, 400, 401, 403, 404} <= statuses.keys()
